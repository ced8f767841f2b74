import json

from tests.demo import ROOT


def test_a_sound_policy_is_called_so(run):
    code, said, _ = run("policy", "check", ROOT / "policy.yaml")
    assert code == 0 and "policy.yaml: sound, 6 sections, sha256 " in said


def test_what_is_wrong_is_named_by_file_line_and_key(run, tmp_path):
    (tmp_path / "bad.yaml").write_text("version: 1\nmodls: {}\n")
    code, _, said = run("policy", "check", tmp_path / "bad.yaml")
    assert code == 1 and "bad.yaml, line 2: modls: unknown key, did you mean 'models'?" in said


def test_what_a_promotion_needs_is_printed(run, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("MLFLOW_PROD_POLICY", raising=False)
    _, said, _ = run("policy", "explain", "loans", "CHAMPION")
    assert "section 'loans'" in said
    assert "3. check: fairness, measure: true_positive_rate, across: sex, gap_at_most: 0.05" in said
    _, said, _ = run("policy", "explain", "mine", "champion", "--file", ROOT / "policy.yaml")
    assert "section '*'" in said
    _, said, _ = run("policy", "explain", "mine", "Staging")
    assert said == "mine to Staging: not protected, anybody may give it\n"


def test_the_schema_that_is_printed_is_the_one_in_docs(run):
    code, said, _ = run("policy", "schema")
    assert code == 0
    assert json.loads(said) == json.loads((ROOT / "docs" / "policy.schema.json").read_text())

import json

from mlflow_prod.evidence import SigningKey
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


def test_what_a_section_asks_beside_its_rules_is_told(run, tmp_path):
    key = SigningKey.new().public
    (tmp_path / "policy.yaml").write_text(
        f"""
version: 1
signers: {{oncall: {{ed25519: "{key}"}}}}
models:
  "*-prod":
    every_version: true
    targets: [champion]
    require: []
    approvals: {{at_least: 2, not_by: author}}
    on_success: {{incumbent: archive}}
    rollback: previous
    override_by: [oncall]
    enforce: false
"""
    )
    beside = [
        "nothing but files that can be read",
        "approvals: at least 2 by others than its authors",
        "on success: the incumbent is archived",
        "rollback: the version before may come back without new evidence",
        "override: by oncall",
        "not enforced: what would be refused is allowed and written down",
    ]
    file = ("--file", tmp_path / "policy.yaml")
    for asked, named in (
        (["loans-prod", "champion"], "loans-prod to champion"),
        (["loans-prod"], "a new version of loans-prod"),
    ):
        said = run("policy", "explain", *asked, *file)[1].splitlines()
        assert said[0].startswith(f"{named}: ") and said[0].endswith("section '*-prod'")
        assert said[1:] == beside
    assert run("policy", "explain", "loans", *file)[1].startswith("a new version of loans: not protected")

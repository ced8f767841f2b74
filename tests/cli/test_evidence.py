import json

import pytest

from mlflow_prod.evidence import SigningKey, attest
from tests.plugins.conftest import POLICY

CI = SigningKey.new()


@pytest.fixture
def submitted(registry, run, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", registry.uri)
    registry.policy.write_text(
        POLICY.replace("version: 1\n", f'version: 1\nsigners: {{ci: {{ed25519: "{CI.public}"}}}}\n')
    )
    files = []
    for check, key in (("evaluation", CI), ("fairness", None)):
        files.append(tmp_path / f"{check}.dsse.json")
        files[-1].write_text(json.dumps(attest(registry.evidence(1, 0.9, check), key).to_dsse()))
    code, said, _ = run("evidence", "submit", "loans", "1", *files)
    assert (code, said) == (0, "submitted for loans 1: evaluation, fairness\n")
    return registry


def test_what_was_submitted_by_hand_is_listed_and_opens_the_gate(run, submitted):
    _, said, _ = run("evidence", "list", "loans", "1")
    assert [line.split()[:4] for line in said.splitlines()] == [
        ["1", "evaluation", "1", "measures"],
        ["2", "fairness", "1", "measures"],
    ]
    assert "  signed by ci, sent by " in said.splitlines()[0]
    assert "  unsigned, sent by " in said.splitlines()[1]
    submitted.policy.write_text(POLICY)
    assert "  signed by no key of the policy, sent by " in run("evidence", "list", "loans", "1")[1]
    submitted.client.set_registered_model_alias("loans", "champion", 1)


def test_a_record_is_shown_as_statement_and_as_envelope(run, submitted):
    statement = json.loads(run("evidence", "show", "1")[1])
    assert statement["predicate"]["check"] == "evaluation"
    envelope = json.loads(run("evidence", "show", "1", "--dsse")[1])
    assert set(envelope) == {"payload", "payloadType", "signatures"} and len(envelope["signatures"]) == 1
    code, _, error = run("evidence", "show", "9")
    assert code == 1 and "number must be one that `mlflow-prod evidence list` prints" in error


@pytest.mark.parametrize("asked", [("list", "loans", "9" * 20), ("show", "9" * 20)])
def test_a_number_beyond_counting_is_a_wrong_parameter(run, submitted, asked):
    code, _, error = run("evidence", *asked)
    assert code == 2 and "is not in the range" in error


def test_a_file_that_is_no_envelope_is_named(run, registry, tmp_path):
    (tmp_path / "x.json").write_text("{}")
    code, _, error = run("evidence", "submit", "loans", "1", tmp_path / "x.json")
    assert code == 1 and "x.json is no DSSE envelope of evidence" in error

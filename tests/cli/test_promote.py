import getpass
import json

import pytest

from mlflow_prod.evidence import SigningKey
from tests.plugins.conftest import POLICY
from tests.plugins.test_approvals import APPROVED, signed_in

ONCALL = SigningKey.new()
OVERRIDABLE = POLICY.replace(
    "version: 1\n", f'version: 1\nsigners: {{oncall: {{ed25519: "{ONCALL.public}"}}}}\n'
).replace("    require:", "    override_by: [oncall]\n    rollback: previous\n    require:")


@pytest.fixture(autouse=True)
def pointed(registry, monkeypatch):
    """MLflow's clients look at the registry."""
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", registry.uri)
    for name in ("MLFLOW_PROD_KEY", "MLFLOW_PROD_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def measured(registry, version=1, accuracy=0.9):
    registry.submit(version, registry.evidence(version, accuracy))


def test_a_refusal_is_an_exit_code_of_its_own_with_every_reason(run, registry):
    code, said, error = run("promote", "loans", "1", "champion")
    assert (code, said) == (3, "")
    assert "error: Version 1 of loans to champion: refused" in error and "no evaluation evidence" in error


@pytest.mark.parametrize("target", ["champion", "Production", "production", "models:/playground"])
def test_a_version_is_promoted_by_hand(run, registry, target):
    measured(registry)
    code, said, error = run("promote", "loans", "1", target)
    assert (code, said) == (0, f"promoted: models:/loans/1 to {target}\n"), error


def test_a_check_decides_and_changes_nothing(run, registry):
    code, said, _ = run("promote", "--check", "loans", "1", "champion")
    assert code == 3
    assert said.startswith("version 1 to champion: refused\n  not met: evaluation accuracy: there is no")
    measured(registry)
    code, said, _ = run("promote", "--check", "loans", "1", "champion")
    assert code == 0 and said.startswith("version 1 to champion: allowed\n")
    code, said, _ = run("promote", "--check", "--json", "loans", "1", "champion")
    decision = json.loads(said)
    assert code == 0 and decision["allowed"] and decision["notes"] and decision["reasons"] == []
    assert registry.rows("mlflow_prod_decisions") == []


def test_json_goes_with_a_check(run):
    code, _, error = run("promote", "--json", "loans", "1", "champion")
    assert code == 2 and "--json goes with --check" in error


def test_a_version_that_is_not_there_is_an_error_and_no_refusal(run):
    for options in ((), ("--check",)):
        code, _, error = run("promote", *options, "loans", "7", "champion")
        assert code == 1 and "not found" in error


def test_what_was_there_before_comes_back(run, registry):
    registry.policy.write_text(OVERRIDABLE)
    measured(registry, 1, 0.9)
    measured(registry, 2, 0.95)
    assert run("rollback", "loans", "champion")[0] == 1
    for version in ("1", "2"):
        assert run("promote", "loans", version, "champion")[0] == 0
    code, said, _ = run("rollback", "loans", "champion")
    assert (code, said) == (0, "rolled back: models:/loans/1 holds champion again\n")
    assert "rollback    loans/1 to champion" in run("audit", "log", "--store", registry.uri)[1]


def test_where_the_policy_lets_nothing_come_back_it_is_refused(run, registry):
    measured(registry, 1, 0.9)
    measured(registry, 2, 0.95)
    for version in ("1", "2"):
        run("promote", "loans", version, "champion")
    assert run("rollback", "loans", "champion")[0] == 3


def test_the_glass_is_broken_with_a_key(run, registry, monkeypatch, tmp_path):
    registry.policy.write_text(OVERRIDABLE)
    asked = ("override", "loans", "1", "champion", "--person", "Ann", "--reason", "down")
    code, _, error = run(*asked)
    assert code == 1 and "MLFLOW_PROD_KEY_FILE must be the file of a key that may override" in error
    ONCALL.save(tmp_path / "oncall.pem")
    monkeypatch.setenv("MLFLOW_PROD_KEY_FILE", str(tmp_path / "oncall.pem"))
    code, said, _ = run(*asked)
    assert (code, said) == (0, "overridden: models:/loans/1 holds champion, on the word of Ann\n")
    log = run("audit", "log", "--store", registry.uri)[1]
    assert "override    loans/1 to champion" in log and "Overridden by Ann, signed by oncall: down" in log
    code, _, error = run("override", "loans", "2", "champion", "--person", " ", "--reason", "down")
    assert code == 1 and "person of an override must be text" in error


def test_an_approval_is_given_and_taken_back(run, registry):
    registry.policy.write_text(APPROVED)
    with signed_in("ann"):
        registry.register(3)
        measured(registry, 3)
    assert run("approve", "loans", "3", "champion", "--take-back")[1].startswith("taken back: ")
    assert run("promote", "loans", "3", "champion")[0] == 3
    code, said, _ = run("approve", "loans", "3", "champion", "--note", "sound")
    assert (code, said) == (0, "approved: models:/loans/3 for champion\n")
    assert run("promote", "loans", "3", "champion")[0] == 0
    log = run("audit", "log", "--store", registry.uri)[1]
    assert "approval    loans/3 to champion" in log and "sound" in log


def test_an_author_is_told_that_the_approval_does_not_count(run, registry):
    registry.policy.write_text(APPROVED)
    registry.register(3)
    measured(registry, 3)
    code, said, error = run("approve", "loans", "3", "champion")
    assert (code, said) == (0, "approved: models:/loans/3 for champion\n")
    assert error.endswith(
        f"not counted: {getpass.getuser()}, who registered the version or submitted evidence about its "
        f"files: the policy says not_by: author\n"
    )
    code, said, error = run("approve", "loans", "3", "champion", "--take-back")
    assert (code, error) == (0, "") and said.startswith("taken back: ")


def test_revoked_evidence_is_listed_as_such(run, registry):
    measured(registry)
    code, said, _ = run("evidence", "revoke", "loans", "1", "evaluation", "--reason", "leaked rows")
    assert (code, said) == (0, "revoked: evaluation of loans 1\n")
    listed = run("evidence", "list", "loans", "1", "--store", registry.uri)[1].splitlines()
    assert "measures" in listed[0] and "revoked" in listed[1]
    code, _, error = run("evidence", "show", "2", "--store", registry.uri)
    assert code == 1 and "number must be" in error
    assert "leaked rows" in run("audit", "log", "--store", registry.uri)[1]


def test_what_is_held_since_before_is_adopted(run, registry):
    assert run("adopt")[:2] == (0, "nothing to adopt\n")
    registry.policy.write_text("version: 1\nmodels: {}\n")
    registry.client.set_registered_model_alias("loans", "champion", "1")
    registry.policy.write_text(POLICY)
    code, said, _ = run("adopt", "--note", "before the gate")
    assert (code, said) == (0, "adopted: models:/loans/1 holds champion\n")
    assert run("audit", "who-held", "champion", "--store", registry.uri)[1].startswith("loans/1  since ")
    assert run("adopt", "loans")[:2] == (0, "nothing to adopt\n")


def test_versions_that_a_gated_model_had_before_are_adopted_where_it_is_named(run, registry):
    registry.policy.write_text(POLICY.replace("    require:", "    every_version: true\n    require:"))
    registry.submit(2, registry.evidence(2, 0.9))
    registry.client.create_model_version("loans", str(registry.files(2)))
    code, said, error = run("audit", "verify", "--store", registry.uri)
    assert code == 4 and "error: the ledger is whole, and 2 versions are held past the gate" in error
    assert said.startswith("version 1 of loans is protected as every version there, and the ledger does not")
    assert run("adopt")[:2] == (0, "nothing to adopt\n")
    registry.files(1).rename(registry.files("gone"))
    code, _, error = run("adopt", "loans")
    assert code == 1 and "cannot be read" in error
    registry.files("gone").rename(registry.files(1))
    assert run("adopt", "loans")[1] == "adopted: models:/loans/1\nadopted: models:/loans/2\n"
    assert run("adopt", "loans")[1] == "nothing to adopt\n"
    assert run("audit", "verify", "--store", registry.uri)[0] == 0


@pytest.mark.parametrize("command", ["promote", "approve"])
def test_a_registry_that_nobody_guards_is_told(run, registry, monkeypatch, command):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", registry.uri.removeprefix("gated:"))
    options = ("--check",) if command == "promote" else ()
    code, _, error = run(command, *options, "loans", "1", "champion")
    assert code == 1 and "MLFLOW_REGISTRY_URI must be the gate before a database" in error

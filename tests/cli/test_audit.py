import json
import time
from datetime import UTC, datetime

import pytest
from mlflow.exceptions import MlflowException
from sqlalchemy import delete, select, text, update

from mlflow_prod.registry import Ledger, chain
from mlflow_prod.registry.tables import decision_table


@pytest.fixture
def decided(registry):
    """A registry that refused once and allowed once."""
    for accuracy in (0.5, 0.9):
        registry.submit(1, registry.evidence(1, accuracy))
        try:
            registry.client.set_registered_model_alias("loans", "champion", 1)
        except MlflowException as refusal:
            assert refusal.error_code == "PERMISSION_DENIED"
    return registry


def test_the_log_says_who_was_promoted_and_why_not(run, decided):
    code, said, _ = run("audit", "log", "--store", decided.uri)
    first, reason, second = said.splitlines()
    assert code == 0
    assert "refused     loans/1 to champion  by " in first and "must be at least 0.8" in reason
    assert "allowed     loans/1 to champion  by " in second
    assert run("audit", "log", "--store", decided.uri, "--model", "other")[1] == ""


def test_the_log_goes_out_as_json_lines(run, decided):
    _, said, _ = run("audit", "log", "--store", decided.uri, "--json")
    rows = [json.loads(line) for line in said.splitlines()]
    assert [(row["id"], row["allowed"]) for row in rows] == [(1, False), (2, True)]


def test_a_ledger_is_whole_until_somebody_changes_it(run, decided):
    assert run("audit", "verify", "--store", decided.uri) == (0, "the ledger is whole\n", "")
    with decided.store.engine.begin() as connection:
        connection.execute(text("UPDATE mlflow_prod_decisions SET reasons = '[]' WHERE id = 1"))
    code, said, error = run("audit", "verify", "--store", decided.uri)
    assert code == 1
    assert said == "mlflow_prod_decisions: row 1 was changed\n"
    assert error == "error: the ledger is not as it was written: 1 fault\n"


def test_evidence_that_a_decision_rested_on_is_missed(run, decided):
    with decided.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM mlflow_prod_evidence WHERE id = 2"))
        connection.execute(
            text("UPDATE mlflow_prod_heads SET length = 1 WHERE name = 'mlflow_prod_evidence'")
        )
        head = "(SELECT digest FROM mlflow_prod_evidence WHERE id = 1)"
        connection.execute(
            text(f"UPDATE mlflow_prod_heads SET digest = {head} WHERE name = 'mlflow_prod_evidence'")
        )
    _, said, _ = run("audit", "verify", "--store", decided.uri)
    assert said.splitlines() == [
        "mlflow_prod_newest: evidence 1 is the newest of its kind and is not known as such",
        "mlflow_prod_newest: evidence 2 stands there and is missing",
        "mlflow_prod_decisions: row 2 rests on evidence that is not there any more",
    ]


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("http://127.0.0.1:1", "store must be the registry's database"),
        ("sqlite:////nowhere/at/all.db", "store must be a database that can be opened"),
        ("sqlite:////nowhere/at/all.db?key=secret", "OperationalError), got 'sqlite:////nowhere/at/all.db'"),
        ("mysql+pymysql://ann:secret@127.0.0.1:1/x", "got 'mysql+pymysql://ann:***@127.0.0.1:1/x'"),
        ("no uri", "store must be the URI of a registry's database, such as gated:sqlite:///mlflow.db"),
        ("sqlite://", "holds no ledger of this version"),
    ],
)
def test_what_is_no_ledger_is_one_message(run, store, said):
    code, _, error = run("audit", "verify", "--store", store)
    assert code == 1 and said in error and error.count("\n") == 1 and "secret" not in error


def test_who_held_a_target_is_told_for_any_time(run, decided):
    store = ("--store", decided.uri)
    time.sleep(1.1)
    between = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    time.sleep(1.1)
    decided.register(3)
    decided.submit(3, decided.evidence(3, 0.95))
    decided.client.set_registered_model_alias("loans", "champion", 3)
    assert run("audit", "who-held", "Champion", *store)[1].startswith("loans/3  since ")
    assert run("audit", "who-held", "champion", *store, "--at", between)[1].startswith("loans/1  since ")
    decided.client.delete_registered_model_alias("loans", "champion")
    assert run("audit", "who-held", "champion", *store)[1] == "nobody\n"
    assert run("audit", "who-held", "Production", *store)[1] == "nobody\n"
    log = run("audit", "log", *store)[1]
    assert "withdrawn   loans/1 to champion" in log and "withdrawn   loans/3 to champion" in log
    assert run("audit", "verify", *store)[0] == 0


def test_a_holder_that_the_ledger_does_not_know_is_told_until_it_is_adopted(run, decided, monkeypatch):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", decided.uri)
    with decided.store.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET current_stage = 'Production' WHERE version = 2"))
    assert run("audit", "verify") == (
        4,
        "version 2 of loans holds Production, and the ledger does not know how it came to it: run "
        "mlflow-prod adopt loans, or take Production from it\n",
        "error: the ledger is whole, and 1 target is held past the gate\n",
    )
    decided.policy.rename("elsewhere.yaml")
    code, _, error = run("audit", "verify")
    assert (
        code == 4 and "held past the gate. There is no policy to promote under: set MLFLOW_PROD_POL" in error
    )
    monkeypatch.setenv("MLFLOW_PROD_POLICY", "elsewhere.yaml")
    run("adopt", "loans")
    assert run("audit", "verify") == (0, "the ledger is whole\n", "")


def test_without_a_policy_that_can_be_read_the_chains_alone_are_verified(run, decided):
    decided.policy.write_text("versoin: 1")
    code, said, error = run("audit", "verify", "--store", decided.uri)
    assert (code, said) == (1, "")
    assert "the ledger is whole; who holds what was not compared with it: The policy cannot be held" in error


def test_an_export_finds_a_ledger_that_was_written_anew(run, decided, tmp_path):
    store = ("--store", decided.uri)
    exported = tmp_path / "ledger.jsonl"
    exported.write_text(run("audit", "export", *store)[1])
    tables = [json.loads(line)["table"] for line in exported.read_text().splitlines()]
    assert tables == ["mlflow_prod_evidence"] * 2 + ["mlflow_prod_decisions"] * 2
    decided.client.delete_registered_model_alias("loans", "champion")
    against = ("audit", "verify", *store, "--against", exported)
    assert run(*against)[0] == 0
    with decided.store.engine.begin() as connection:
        connection.execute(text("UPDATE mlflow_prod_decisions SET author = 'somebody else'"))
        rewrite(connection)
    assert run("audit", "verify", *store)[0] == 0
    code, said, _ = run(*against)
    assert code == 1
    assert said.splitlines() == [
        f"mlflow_prod_decisions: row {number} is not the one that was exported" for number in (1, 2)
    ]


def rewrite(connection):
    """What whoever holds the password can do: a new chain that is whole in itself."""
    rows = [row._asdict() for row in connection.execute(select(decision_table).order_by(decision_table.c.id))]
    connection.execute(delete(decision_table))
    head = chain.head_table
    at = head.c.name == decision_table.name
    connection.execute(update(head).where(at).values(length=0, digest=""))
    bare = [{key: value for key, value in row.items() if key not in ("id", "digest")} for row in rows]
    Ledger(connection).append(decision_table, bare)


@pytest.mark.parametrize("line", ["no JSON", "[]", "{}", '{"table": "users", "id": 1, "digest": ""}'])
def test_what_is_no_export_is_one_message(run, decided, tmp_path, line):
    (tmp_path / "x").write_text(line)
    code, _, error = run("audit", "verify", "--store", decided.uri, "--against", tmp_path / "x")
    assert code == 1 and "against must be what `mlflow-prod audit export` printed, got 'line 1'" in error

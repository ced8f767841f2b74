import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, select

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import Evidence, Measure, SigningKey, attest
from mlflow_prod.registry import (
    Decision,
    Ledger,
    Promotion,
    add_decision,
    add_evidence,
    evidence_with,
    faults,
    last_promotion,
    newest,
    newest_ids,
    previous_promotion,
    revoke,
    upgrade,
)
from mlflow_prod.registry.tables import decision_table, evidence_table

A, B, DATA = "a" * 64, "b" * 64, "d" * 64
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def connection(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    upgrade(engine)
    with engine.begin() as connection:
        yield connection


CHECKS = ("evaluation", "fairness")


def record(check, subject=A, hours=0, value=0.5):
    measures = (Measure("accuracy", value, 0.1, 0.9, 10, (("sex", "F"),)),)
    return Evidence(check, subject, DATA, measures, "run", NOW + timedelta(hours=hours))


def submit(connection, *records, workspace="default", key=None):
    signed = [attest(record, key) for record in records]
    keys = {"ci": key.public} if key else {}
    add_evidence(Ledger(connection), workspace, "loans", 1, signed, keys, "ann", NOW + timedelta(days=9))
    return tuple(signed)


def read(connection, ids):
    return [attestation.evidence for attestation in evidence_with(connection, ids)]


def decide(connection, target="champion", allowed=True, version=1, subject=A, kind="alias", model="loans"):
    decision = Decision(allowed, model, target, subject, "", "p", () if allowed else ("no",), (), NOW)
    add_decision(Ledger(connection), "default", version, kind, decision, [1], "ann")


def test_what_goes_in_comes_out(connection):
    sent = submit(connection, record("evaluation"), record("fairness"), key=SigningKey.new())
    assert evidence_with(connection, newest_ids(connection, "default", [A], CHECKS)) == sent


def test_the_newest_record_of_each_check_is_found(connection):
    submit(connection, record("evaluation", hours=1, value=0.1), record("fairness", value=0.3))
    submit(connection, record("evaluation", hours=2, value=0.2), record("evaluation", B, value=0.4))
    submit(connection, record("fairness", value=0.6))
    found = read(connection, newest_ids(connection, "default", [A], CHECKS))
    assert [(entry.check, entry.measures[0].value) for entry in found] == [
        ("evaluation", 0.2),
        ("fairness", 0.6),
    ]
    both = read(connection, newest_ids(connection, "default", [A, B], CHECKS))
    assert [(entry.subject, entry.measures[0].value) for entry in both] == [(A, 0.2), (B, 0.4), (A, 0.6)]


def test_workspaces_do_not_see_each_others_evidence(connection):
    submit(connection, record("evaluation"), workspace="one")
    assert newest_ids(connection, "two", [A], CHECKS) == ()
    assert len(newest_ids(connection, "one", [A], CHECKS)) == 1


def test_the_newest_are_found_without_those_before(connection):
    submit(connection, *(record("evaluation", hours=hours) for hours in range(50)))
    plans = []

    def explain(connection, cursor, statement, parameters, context, executemany):
        plans.extend(connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(connection, "before_cursor_execute", explain)
    assert newest_ids(connection, "default", [A], CHECKS) == (50,)
    # One row, by its primary key, however much was submitted.
    (step,) = (row[-1] for row in plans)
    assert step.startswith("SEARCH mlflow_prod_newest USING INDEX sqlite_autoindex_mlflow_prod_newest_1")


def test_the_last_promotion_is_found_whatever_was_refused_since(connection):
    assert last_promotion(connection, "default", "loans", "alias", "champion") is None
    decide(connection, version=1)
    decide(connection, target="CHAMPION", version=2, subject=B)
    decide(connection, version=3, allowed=False)
    decide(connection, version=4, kind="stage")
    decide(connection, version=5, model="churn")
    assert last_promotion(connection, "default", "loans", "alias", "Champion") == Promotion(2, 2, B)


def test_a_decision_is_kept_whole(connection):
    decide(connection, target="Production", kind="stage", allowed=False)
    row = connection.execute(select(decision_table)).one()._asdict()
    assert len(row.pop("digest")) == 64
    assert json.loads(row.pop("reasons")) == ["no"]
    assert row == {
        "id": 1,
        "workspace": "default",
        "model": "loans",
        "version": 1,
        "action": "promotion",
        "kind": "stage",
        "target": "production",
        "allowed": False,
        "subject": A,
        "incumbent": "",
        "policy": "p",
        "notes": "[]",
        "evidence": "[1]",
        "evidence_head": "",
        "author": "ann",
        "decided_at": 1_795_176_000_000,
    }


def test_what_is_rolled_back_was_never_written(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    upgrade(engine)
    with engine.connect() as connection:
        decide(connection)
        connection.rollback()
        assert connection.execute(select(decision_table)).all() == []


def test_unsigned_evidence_does_not_hide_what_was_signed(connection):
    submit(connection, record("evaluation", value=0.1), key=SigningKey.new())
    submit(connection, record("evaluation", hours=5, value=0.9))
    found = read(connection, newest_ids(connection, "default", [A], CHECKS))
    assert [entry.measures[0].value for entry in found] == [0.1, 0.9]


def test_what_is_older_is_not_taken_and_the_same_again_is(connection):
    submit(connection, record("evaluation", hours=2))
    submit(connection, record("evaluation", hours=2))
    with pytest.raises(
        EvidenceError, match="holds newer evaluation evidence about these files, made 2026-11-20 14:00"
    ):
        submit(connection, record("evaluation", hours=1))
    submit(connection, record("evaluation", B, hours=1))


def test_a_decision_commits_to_the_evidence_before_it(connection):
    submit(connection, record("evaluation"))
    decide(connection)
    heads = connection.scalar(select(decision_table.c.evidence_head))
    assert heads == connection.scalar(select(evidence_table.c.digest))


@pytest.mark.parametrize(
    ("history", "previous"),
    [
        ([], None),
        ([("promotion", 1)], None),
        ([("promotion", 1), ("promotion", 2)], 1),
        ([("promotion", 1), ("promotion", 2), ("promotion", 2)], 1),
        ([("promotion", 1), ("promotion", 2), ("rollback", 1)], None),
        ([("promotion", 1), ("promotion", 2), ("promotion", 3), ("rollback", 2)], 1),
        ([("promotion", 1), ("promotion", 2), ("rollback", 1), ("promotion", 3)], 1),
        ([("adoption", 1), ("promotion", 2)], 1),
        ([("promotion", 1), ("override", 2), ("promotion", 3)], 1),
        ([("override", 1), ("promotion", 2)], None),
        ([("promotion", 1), ("unenforced", 2), ("promotion", 3)], 1),
        ([("promotion", 1), ("promotion", 2), ("promotion", 1)], None),
        ([("promotion", 1), ("promotion", 2), ("promotion", 3), ("promotion", 2)], 1),
        ([("promotion", 2), ("override", 4), ("promotion", 2)], None),
    ],
)
def test_a_rollback_goes_down_the_pile_of_promotions(connection, history, previous):
    for action, version in history:
        decision = Decision(True, "loans", "champion", A, "", "p", (), (), NOW, action=action)
        add_decision(Ledger(connection), "default", version, "alias", decision, [], "ann")
    found = previous_promotion(connection, "default", "loans", "alias", "Champion", there=range(1, 9))
    assert (found and found.version) == previous


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["evaluation", "fairness"]), st.sampled_from([A, B]), st.booleans(), st.booleans()
        ),
        max_size=12,
    )
)
@settings(max_examples=30, deadline=None)
def test_the_newest_are_those_that_a_search_through_everything_finds(history):
    """Submitted or revoked, in any order; the audit compares both."""
    key = SigningKey.new()
    engine = create_engine("sqlite://")
    upgrade(engine)
    with engine.begin() as connection:
        expected = {}
        for at, (check, subject, signed, revokes) in enumerate(history):
            group = (subject, check, signed)
            if revokes and any(known[:2] == (subject, check) for known in expected):
                when = NOW + timedelta(hours=at, minutes=30)
                revoke(Ledger(connection), "default", "loans", 1, subject, check, "ann", when)
                for known in [known for known in expected if known[:2] == (subject, check)]:
                    expected[known] = None
                expected[subject, check, "revoked"] = None
            else:
                (expected[group],) = submit(
                    connection, record(check, subject, hours=at), key=key if signed else None
                )
        found = newest(connection, "default", [A, B], CHECKS)
        assert sorted(map(str, found.values())) == sorted(map(str, expected.values()))
        assert list(faults(connection)) == []

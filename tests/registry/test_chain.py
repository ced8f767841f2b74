"""Whatever is done to a row that was written is found and named."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text

from mlflow_prod.evidence import Evidence, Measure, attest
from mlflow_prod.registry import Ledger, add_evidence, chain, upgrade
from mlflow_prod.registry.tables import evidence_table
from tests.registry.test_ledger import DATA, NOW, A

NAME = "mlflow_prod_evidence"


@pytest.fixture
def connection(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    upgrade(engine)
    with engine.begin() as connection:
        for at in range(6):
            record = Evidence("evaluation", A, DATA, (Measure("auc", at / 10),), made_at=NOW)
            add_evidence(Ledger(connection), "default", "loans", 1, [attest(record)], {}, "ann", NOW)
        yield connection


def found(connection):
    return list(chain.faults(connection, evidence_table))


def test_what_was_only_added_is_whole(connection):
    assert found(connection) == []
    last = select(evidence_table.c.digest).order_by(evidence_table.c.id.desc()).limit(1)
    head = select(chain.head_table.c.digest).where(chain.head_table.c.name == evidence_table.name)
    assert connection.scalar(head) == connection.scalar(last)


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE {} SET author = 'bob' WHERE id = 3", ["row 3 was changed"]),
        ("UPDATE {} SET submitted_at = submitted_at + 1 WHERE id = 6", ["row 6 was changed"]),
        ("UPDATE {} SET digest = 'x' WHERE id = 6", ["row 6 was changed", "the last row, 6, is not the one"]),
        ("DELETE FROM {} WHERE id = 1", ["row 1 is missing"]),
        ("DELETE FROM {} WHERE id IN (2, 3)", ["rows 2 to 3 are missing"]),
        ("DELETE FROM {} WHERE id > 4", ["rows 5 to 6 are missing"]),
        ("DELETE FROM {}", ["rows 1 to 6 are missing"]),
        ("DELETE FROM mlflow_prod_heads", ["the head of the chain is missing"]),
    ],
)
def test_tampering_is_found_and_named(connection, tampering, named):
    connection.execute(text(tampering.format(NAME)))
    faults = found(connection)
    assert [name in fault for name, fault in zip(named, faults, strict=True)] == [True] * len(named)


def test_rows_that_changed_places_are_named(connection):
    for old, new in ((2, 99), (3, 2), (99, 3)):
        connection.execute(text(f"UPDATE {NAME} SET id = {new} WHERE id = {old}"))
    assert [
        f"row {at} was changed" in fault for at, fault in zip((2, 3, 4), found(connection), strict=True)
    ] == [True] * 3


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.integers(1, 6), st.sampled_from([c.name for c in evidence_table.c if c.name not in ("id", "digest")])
)
def test_no_column_of_any_row_can_be_changed_unseen(connection, row, column):
    before = connection.scalar(text(f"SELECT {column} FROM {NAME} WHERE id = {row}"))
    other = before + 1 if isinstance(before, int) else f"{before} "
    change = text(f"UPDATE {NAME} SET {column} = :value WHERE id = {row}")
    connection.execute(change, {"value": other})
    assert f"row {row} was changed" in found(connection)[0]
    connection.execute(change, {"value": before})
    assert found(connection) == []

"""Reading the ledger: what was decided and submitted, and whether it is still as it was written."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, inspect, select, text

from mlflow_prod.evidence import Attestation, read_signatures
from mlflow_prod.registry import chain
from mlflow_prod.registry.ledger import decision_table, evidence_table
from mlflow_prod.registry.migrations import HEAD, VERSION_TABLE


def is_ledger(connection: Connection) -> bool:
    """Whether the database holds the tables of the ledger, as this version reads them."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    return bool(connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) == HEAD)


def decisions(connection: Connection, model: str | None = None) -> Iterator[dict[str, Any]]:
    """Every decision, the oldest first, as JSON values; of one registered model where it is named."""
    query = select(decision_table).order_by(decision_table.c.id)
    if model is not None:
        query = query.where(decision_table.c.model == model)
    for row in connection.execute(query.execution_options(yield_per=chain.ROWS_AT_ONCE)):
        yield row._asdict()


def submissions(connection: Connection, model: str, version: int) -> Iterator[tuple[int, str, Attestation]]:
    """(number, author, what was submitted) for a version, the oldest first."""
    table = evidence_table.c
    query = (
        select(table.id, table.author, table.statement, table.signatures)
        .where(table.model == model, table.version == version)
        .order_by(table.id)
    )
    for number, author, statement, signatures in connection.execute(query):
        yield number, author, Attestation(statement, read_signatures(json.loads(signatures)))


def faults(connection: Connection) -> Iterator[str]:
    """A sentence for each row that is not as it was written; nothing where the ledger is whole.

    Whoever may write to the database can write a new chain from some row on. Against that, keep the last
    digest elsewhere: each decision holds the digest of the evidence before it, too.
    """
    yield from chain.faults(connection, evidence_table)
    yield from chain.faults(connection, decision_table)
    known = {chain.START, *connection.scalars(select(evidence_table.c.digest))}
    for number, head in connection.execute(select(decision_table.c.id, decision_table.c.evidence_head)):
        if head not in known:
            yield f"{decision_table.name}: row {number} rests on evidence that is not there any more"

"""Rows in a chain: each holds a digest of itself and the row before, so that none can be changed unseen."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, insert, select, update
from sqlalchemy.orm import Session

metadata = MetaData()
# Counts and last digests, which also say whether the last rows are still there.
head_table = Table(
    "mlflow_prod_heads",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("length", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)
# What the first row follows.
START = ""
ROWS_AT_ONCE = 1_000


def append(session: Session | Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """Adds rows, their ids counted up from 1 without a gap; returns the ids.

    Holds the chain's head until the transaction ends, so that writers follow one another.
    """
    chain = head_table.c.name == table.name
    head = select(head_table.c.length, head_table.c.digest).where(chain).with_for_update()
    last, digest = session.execute(head).one()
    linked = []
    for number, row in enumerate(rows, last + 1):
        digest = _digest(digest, {**row, "id": number})
        linked.append({**row, "id": number, "digest": digest})
    session.execute(insert(table), linked)
    session.execute(update(head_table).where(chain).values(length=last + len(rows), digest=digest))
    return tuple(row["id"] for row in linked)


def head(session: Session | Connection, table: Table) -> str:
    """The digest of the last row, "" before the first."""
    return str(session.scalar(select(head_table.c.digest).where(head_table.c.name == table.name)))


def faults(session: Session | Connection, table: Table) -> Iterator[str]:
    """A sentence for each row that was changed, removed or moved; nothing where the chain is whole."""
    chain = head_table.c.name == table.name
    kept = session.execute(select(head_table.c.length, head_table.c.digest).where(chain)).one_or_none()
    if kept is None:
        yield f"{table.name}: the head of the chain is missing"
        return
    expected, previous = 1, START
    query = select(table).order_by(table.c.id).execution_options(yield_per=ROWS_AT_ONCE)
    for found in session.execute(query):
        row = found._asdict()
        stored = row.pop("digest")
        if row["id"] != expected:
            yield f"{table.name}: {_span(expected, row['id'] - 1)} missing"
        elif stored != _digest(previous, row):
            yield f"{table.name}: row {row['id']} was changed"
        expected, previous = row["id"] + 1, stored
    if expected != kept.length + 1:
        yield f"{table.name}: {_span(expected, kept.length)} missing"
    elif previous != kept.digest:
        yield f"{table.name}: the last row, {expected - 1}, is not the one that was written"


def _digest(previous: str, row: Mapping[str, Any]) -> str:
    content = json.dumps([previous, *sorted(row.items())], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _span(first: int, last: int) -> str:
    if last < first:
        return f"rows before {first} are there twice, and others"
    return f"row {first} is" if first == last else f"rows {first} to {last} are"

"""Rows in a chain: each holds a digest of itself and the row before, so that none can be changed unseen."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)

metadata = MetaData()
# Counts and last digests, which also say whether the last rows are still there.
head_table = Table(
    "mlflow_prod_heads",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("length", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)
CHAINS = ("mlflow_prod_decisions", "mlflow_prod_evidence")
# What the first row follows.
START = ""
ROWS_AT_ONCE = 1_000


class Ledger:
    """The chains, locked for one writer until the connection's transaction ends."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._heads = {row.name: (row.length, row.digest) for row in connection.execute(_HEADS)}

    @property
    def heads(self) -> tuple[str, ...]:
        """The digests of the last rows of each chain: the same as long as nobody writes."""
        return tuple(self._heads[name][1] for name in CHAINS)

    def append(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        """Adds rows, their ids counted up from 1 without a gap; returns the ids."""
        last, last_digest = self._heads[table.name]
        added = []
        for number, row in enumerate(rows, last + 1):
            last_digest = digest(last_digest, {**row, "id": number})
            added.append({**row, "id": number, "digest": last_digest})
        self.connection.execute(insert(table), added)
        self._heads[table.name] = (last + len(rows), last_digest)
        moved = {"chain": table.name, "rows": last + len(rows), "last": last_digest}
        self.connection.execute(_MOVE_HEAD, moved)
        return tuple(row["id"] for row in added)

    def head(self, table: Table) -> str:
        """The digest of the last row, "" before the first."""
        return str(self._heads[table.name][1])


def faults(connection: Connection, table: Table) -> Iterator[str]:
    """A sentence for each row that was changed, removed or moved; nothing where the chain is whole."""
    chain = head_table.c.name == table.name
    kept = connection.execute(select(head_table.c.length, head_table.c.digest).where(chain)).one_or_none()
    if kept is None:
        yield f"{table.name}: the head of the chain is missing"
        return
    expected, previous = 1, START
    query = select(table).order_by(table.c.id).execution_options(yield_per=ROWS_AT_ONCE)
    for found in connection.execute(query):
        row = found._asdict()
        stored = row.pop("digest")
        if row["id"] != expected:
            yield f"{table.name}: {_span(expected, row['id'] - 1)} missing"
        elif stored != digest(previous, row):
            yield f"{table.name}: row {row['id']} was changed"
        expected, previous = row["id"] + 1, stored
    if expected != kept.length + 1:
        yield f"{table.name}: {_span(expected, kept.length)} missing"
    elif previous != kept.digest:
        yield f"{table.name}: the last row, {expected - 1}, is not the one that was written"


def digest(previous: str, row: Mapping[str, Any]) -> str:
    """The digest of a row that follows the one with the digest `previous`."""
    content = json.dumps([previous, *sorted(row.items())], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _span(first: int, last: int) -> str:
    if last < first:
        return f"rows before {first} are there twice, and others"
    return f"row {first} is" if first == last else f"rows {first} to {last} are"


# Made once: making a statement takes as long as running it. In one order, so that no two writers wait for
# each other.
_HEADS = select(head_table).order_by(head_table.c.name).with_for_update()
HEADS = select(head_table.c.digest).order_by(head_table.c.name)
# The same as columns of another question.
HEAD_COLUMNS = {
    f"head_{number}": select(head_table.c.digest)
    .where(head_table.c.name == name)
    .scalar_subquery()
    .label(f"head_{number}")
    for number, name in enumerate(CHAINS)
}
_MOVE_HEAD = (
    update(head_table)
    .where(head_table.c.name == bindparam("chain"))
    .values(length=bindparam("rows"), digest=bindparam("last"))
)

"""Reading the ledger: what was decided and submitted, and whether it is still as it was written."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, and_, func, inspect, or_, select, text

from mlflow_prod.evidence import Attestation, read_signatures
from mlflow_prod.registry import chain
from mlflow_prod.registry.decided import GIVING, WITHDRAWAL
from mlflow_prod.registry.migrations import HEAD, VERSION_TABLE
from mlflow_prod.registry.submitted import GROUP
from mlflow_prod.registry.tables import decision_table, evidence_table, newest_table, statement_table


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


def export(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every row of the ledger as JSON values, with the name of its table, the oldest of each first."""
    for table in (evidence_table, decision_table):
        query = select(table).order_by(table.c.id).execution_options(yield_per=chain.ROWS_AT_ONCE)
        for row in connection.execute(query):
            yield {"table": table.name, **row._asdict()}


def changed_since(connection: Connection, exported: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A sentence for each exported row that the ledger no longer holds as it was then.

    So a chain that somebody wrote anew is found, which is whole in itself.
    """
    tables = {table.name: table for table in (evidence_table, decision_table)}
    for name, rows in groupby(exported, key=itemgetter("table")):
        column = tables[name].c
        # The digests alone: 100,000 rows are 20 MB.
        now = dict(connection.execute(select(column.id, column.digest)).tuples().all())
        expected, previous = 1, chain.START
        for row in rows:
            content = {key: value for key, value in row.items() if key not in ("table", "digest")}
            if row["id"] != expected or row["digest"] != chain.digest(previous, content):
                yield f"{name}: the export was changed, at or before row {row['id']}"
            expected, previous = row["id"] + 1, row["digest"]
            if row["id"] not in now:
                yield f"{name}: row {row['id']} is missing"
            elif now[row["id"]] != row["digest"]:
                yield f"{name}: row {row['id']} is not the one that was exported"


@dataclass(frozen=True)
class Holding:
    """A version that held a target: since when, who had asked for it, and how it came to it."""

    workspace: str
    model: str
    version: int
    since: datetime
    author: str
    action: str


def who_held(connection: Connection, target: str, at: datetime, model: str | None = None) -> list[Holding]:
    """Which versions held a stage or alias (any case) at a time, as far as the gate saw them come and go.

    Of `model`, or of every registered model. An alias is held by one version, a stage by several where they
    were not archived.
    """
    table = decision_table.c
    query = select(decision_table).where(
        table.target == target.lower(),
        table.allowed.is_(True),
        table.action.in_([*GIVING, WITHDRAWAL]),
        table.decided_at <= round(at.timestamp() * 1_000),
    )
    if model is not None:
        query = query.where(table.model == model)
    held: dict[tuple[str, str, str, int], Holding] = {}
    for row in connection.execute(query.order_by(table.id)):
        place = (row.workspace, row.model, row.kind, row.version)
        if row.action == WITHDRAWAL:
            held.pop(place, None)
        elif place not in held:
            since = datetime.fromtimestamp(row.decided_at / 1_000, UTC)
            held[place] = Holding(row.workspace, row.model, row.version, since, row.author, row.action)
    return list(held.values())


@dataclass(frozen=True)
class Submission:
    """A row about evidence: number, check, who sent it, when, and what; None: what was before is revoked."""

    id: int
    check: str
    author: str
    at: datetime
    attestation: Attestation | None


def submissions(connection: Connection, model: str, version: int) -> Iterator[Submission]:
    """What was submitted for a version, the oldest first."""
    table = evidence_table.c
    query = (
        select(
            table.id, table.check_name, table.author, table.submitted_at, table.statement, table.signatures
        )
        .where(table.model == model, table.version == version)
        .order_by(table.id)
    )
    for number, check, author, at, statement, signatures in connection.execute(query):
        said = Attestation(statement, read_signatures(json.loads(signatures))) if statement else None
        yield Submission(number, check, author, datetime.fromtimestamp(at / 1_000, UTC), said)


def _newest_faults(connection: Connection) -> Iterator[str]:
    rows, kept = evidence_table.c, newest_table.c
    group = [rows[name] for name in GROUP]
    place = func.row_number().over(partition_by=group, order_by=(rows.made_at.desc(), rows.id.desc()))
    ranked = select(*group, rows.id, place.label("place")).subquery()
    newest = ranked.c
    same = [newest[name] == kept[name] for name in GROUP]
    off = (
        select(newest.id)
        .select_from(ranked.outerjoin(newest_table, and_(*same)))
        .where(newest.place == 1, or_(kept.evidence.is_(None), kept.evidence != newest.id))
    )
    for number in connection.scalars(off.order_by(newest.id)):
        yield f"{newest_table.name}: evidence {number} is the newest of its kind and is not known as such"
    lost = select(kept.evidence).where(kept.evidence.not_in(select(rows.id)))
    for number in connection.scalars(lost.order_by(kept.evidence)):
        yield f"{newest_table.name}: evidence {number} stands there and is missing"


def _statement_faults(connection: Connection) -> Iterator[str]:
    rows, kept = evidence_table.c, statement_table.c
    query = select(rows.workspace, rows.subject, rows.check_name, rows.statement, rows.made_at, rows.id)
    last: dict[tuple[str, ...], tuple[int, int]] = {}
    for *about, statement, made_at, number in connection.execute(
        query.where(rows.statement != "").order_by(rows.id).execution_options(yield_per=chain.ROWS_AT_ONCE)
    ):
        key = (*about, hashlib.sha256(statement.encode()).hexdigest())
        last[key] = (min(made_at, last.get(key, (made_at, 0))[0]), number)
    there = select(kept.workspace, kept.subject, kept.check_name, kept.statement, kept.made_at, kept.evidence)
    found = {tuple(key): (made_at, number) for *key, made_at, number in connection.execute(there)}
    for key in sorted(last.keys() | found.keys()):
        if last.get(key) != found.get(key):
            number = (last.get(key) or found[key])[1]
            yield f"{statement_table.name}: what stands there of evidence {number} is not what was submitted"


def faults(connection: Connection) -> Iterator[str]:
    """A sentence for each row that is not as it was written; nothing where the ledger is whole.

    Whoever may write to the database can write a new chain from some row on. Against that, keep the last
    digest elsewhere: each decision holds the digest of the evidence before it, too.
    """
    yield from chain.faults(connection, evidence_table)
    yield from chain.faults(connection, decision_table)
    yield from _newest_faults(connection)
    yield from _statement_faults(connection)
    known = {chain.START, *connection.scalars(select(evidence_table.c.digest))}
    for number, head in connection.execute(select(decision_table.c.id, decision_table.c.evidence_head)):
        if head not in known:
            yield f"{decision_table.name}: row {number} rests on evidence that is not there any more"

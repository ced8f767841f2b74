"""The ledger: evidence and decisions, written once and never changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.orm import Session

from mlflow_prod.evidence import Evidence
from mlflow_prod.registry.gate import Decision

metadata = MetaData()
# SQLite counts only an INTEGER key up by itself.
_Key = BigInteger().with_variant(Integer, "sqlite")
_Long = Text().with_variant(LONGTEXT, "mysql", "mariadb")
CHECK_LENGTH = 100

evidence_table = Table(
    "mlflow_prod_evidence",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String(63), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("check_name", String(CHECK_LENGTH), nullable=False),
    Column("made_at", BigInteger, nullable=False),  # ms since 1970, like all times here
    Column("record", _Long, nullable=False),
    Column("model", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", String(256), nullable=False),
    Column("submitted_at", BigInteger, nullable=False),
    Index("mlflow_prod_evidence_newest", "workspace", "subject", "check_name", "made_at", "id"),
)

decision_table = Table(
    "mlflow_prod_decisions",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String(63), nullable=False),
    Column("model", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(5), nullable=False),
    Column("target", String(256), nullable=False),
    Column("allowed", Boolean, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("incumbent", String(64), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("reasons", _Long, nullable=False),
    Column("notes", _Long, nullable=False),
    Column("evidence", _Long, nullable=False),
    Column("author", String(256), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Index("mlflow_prod_decisions_last", "workspace", "model", "kind", "target", "allowed", "id"),
)


@dataclass(frozen=True)
class Promotion:
    """A promotion that happened: its row, the version, and the digest of the files that were promoted."""

    id: int
    version: int
    subject: str


def add_evidence(
    session: Session | Connection,
    workspace: str,
    model: str,
    version: int,
    evidence: Sequence[Evidence],
    author: str,
    now: datetime,
) -> None:
    """Writes records that were submitted for a version; names of checks fit in CHECK_LENGTH characters."""
    rows = [
        {
            "workspace": workspace,
            "subject": record.subject,
            "check_name": record.check,
            "made_at": _ms(record.made_at),
            "record": json.dumps(record.to_dict(), separators=(",", ":"), sort_keys=True),
            "model": model,
            "version": version,
            "author": author,
            "submitted_at": _ms(now),
        }
        for record in evidence
    ]
    session.execute(insert(evidence_table), rows)


def newest_ids(session: Session | Connection, workspace: str, subjects: Sequence[str]) -> tuple[int, ...]:
    """Ids of the newest record of each check about each subject: newest made, then last submitted; sorted."""
    table = evidence_table.c
    newest_first = (table.made_at.desc(), table.id.desc())
    place = func.row_number().over(partition_by=(table.subject, table.check_name), order_by=newest_first)
    about = (table.workspace == workspace, table.subject.in_(sorted(set(subjects))))
    ranked = select(table.id, place.label("place")).where(*about).subquery()
    return tuple(sorted(session.scalars(select(ranked.c.id).where(ranked.c.place == 1))))


def newest_evidence(session: Session | Connection, ids: Sequence[int]) -> tuple[Evidence, ...]:
    """The records with these ids, in order of submission."""
    table = evidence_table.c
    found = session.scalars(select(table.record).where(table.id.in_(ids)).order_by(table.id))
    return tuple(Evidence.from_dict(json.loads(record)) for record in found)


def add_decision(
    session: Session | Connection,
    workspace: str,
    version: int,
    kind: str,
    decision: Decision,
    evidence_ids: Sequence[int],
    author: str,
) -> None:
    """Writes a decision on a version. `kind`: `stage` or `alias`; the target is kept in lower case."""
    row = {
        "workspace": workspace,
        "model": decision.model,
        "version": version,
        "kind": kind,
        "target": decision.target.lower(),
        "allowed": decision.allowed,
        "subject": decision.subject,
        "incumbent": decision.incumbent,
        "policy": decision.policy,
        "reasons": json.dumps(decision.reasons),
        "notes": json.dumps(decision.notes),
        "evidence": json.dumps(list(evidence_ids)),
        "author": author,
        "decided_at": _ms(decision.at),
    }
    session.execute(insert(decision_table), row)


def last_promotion(
    session: Session | Connection, workspace: str, model: str, kind: str, target: str
) -> Promotion | None:
    """The last promotion of any version of `model` to this target, whether it still holds it or not."""
    table = decision_table.c
    query = (
        select(table.id, table.version, table.subject)
        .where(
            table.workspace == workspace,
            table.model == model,
            table.kind == kind,
            table.target == target.lower(),
            table.allowed.is_(True),
        )
        .order_by(table.id.desc())
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Promotion(*row)


def _ms(time: datetime) -> int:
    return round(time.astimezone(UTC).timestamp() * 1_000)

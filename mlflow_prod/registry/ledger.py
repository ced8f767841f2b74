"""The ledger: evidence and decisions, written once and never changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    func,
    select,
)
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.orm import Session

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import Attestation, PublicKey, read_signatures
from mlflow_prod.registry import chain
from mlflow_prod.registry.chain import metadata
from mlflow_prod.registry.gate import Decision

# SQLite counts only an INTEGER key up by itself.
_Key = BigInteger().with_variant(Integer, "sqlite")
_Long = Text().with_variant(LONGTEXT, "mysql", "mariadb")
CHECK_LENGTH = 100
PROMOTION, WITHDRAWAL = "promotion", "withdrawal"

evidence_table = Table(
    "mlflow_prod_evidence",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String(63), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("check_name", String(CHECK_LENGTH), nullable=False),
    Column("made_at", BigInteger, nullable=False),  # ms since 1970, like all times here
    Column("statement", _Long, nullable=False),
    Column("signatures", _Long, nullable=False),
    Column("key_ids", String(519), nullable=False),  # of the known keys that signed, sorted, blanks between
    Column("model", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", String(256), nullable=False),
    Column("submitted_at", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Index("mlflow_prod_evidence_newest", "workspace", "subject", "check_name", "key_ids", "made_at", "id"),
)

decision_table = Table(
    "mlflow_prod_decisions",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String(63), nullable=False),
    Column("model", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("action", String(12), nullable=False),
    Column("kind", String(5), nullable=False),
    Column("target", String(256), nullable=False),
    Column("allowed", Boolean, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("incumbent", String(64), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("reasons", _Long, nullable=False),
    Column("notes", _Long, nullable=False),
    Column("evidence", _Long, nullable=False),
    Column("evidence_head", String(64), nullable=False),
    Column("author", String(256), nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Index("mlflow_prod_decisions_last", "workspace", "model", "kind", "target", "action", "allowed", "id"),
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
    attestations: Sequence[Attestation],
    signers: Mapping[str, PublicKey],
    author: str,
    now: datetime,
) -> None:
    """Writes what was submitted for a version; names of checks fit in CHECK_LENGTH characters.

    Raises EvidenceError where the ledger holds newer evidence of a check by the same signer: what is older
    was made before, or is played again.
    """
    rows = [
        {
            "workspace": workspace,
            "subject": one.evidence.subject,
            "check_name": one.evidence.check,
            # A clock that runs ahead must not make its evidence the newest for minutes to come.
            "made_at": min(_ms(one.evidence.made_at), _ms(now.replace(microsecond=0))),
            "statement": one.statement,
            "signatures": json.dumps(one.to_dsse()["signatures"]),
            "key_ids": " ".join(sorted(signers[name].id for name in one.signers(signers))),
            "model": model,
            "version": version,
            "author": author,
            "submitted_at": _ms(now),
        }
        for one in attestations
    ]
    for row in rows:
        _hold_newest(session, row)
    chain.append(session, evidence_table, rows)


def _hold_newest(session: Session | Connection, row: Mapping[str, Any]) -> None:
    same = ("workspace", "subject", "check_name", "key_ids")
    newest = session.scalar(
        select(func.max(evidence_table.c.made_at)).where(
            *(evidence_table.c[name] == row[name] for name in same)
        )
    )
    if newest is not None and newest > row["made_at"]:
        made = datetime.fromtimestamp(newest / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        raise EvidenceError(
            f"the registry holds newer {row['check_name']} evidence about these files, made {made}: "
            f"measure again rather than submit what is older"
        )


def newest_ids(session: Session | Connection, workspace: str, subjects: Sequence[str]) -> tuple[int, ...]:
    """Ids of the newest evidence of each check about each subject by each signer, sorted.

    Newest made, then last submitted. By each signer, since unsigned evidence must not hide what was signed.
    """
    table = evidence_table.c
    newest_first = (table.made_at.desc(), table.id.desc())
    place = func.row_number().over(
        partition_by=(table.subject, table.check_name, table.key_ids), order_by=newest_first
    )
    about = (table.workspace == workspace, table.subject.in_(sorted(set(subjects))))
    ranked = select(table.id, place.label("place")).where(*about).subquery()
    return tuple(sorted(session.scalars(select(ranked.c.id).where(ranked.c.place == 1))))


def evidence_with(session: Session | Connection, ids: Sequence[int]) -> tuple[Attestation, ...]:
    """What was submitted under these ids, in order of submission."""
    table = evidence_table.c
    query = select(table.statement, table.signatures).where(table.id.in_(ids)).order_by(table.id)
    return tuple(
        Attestation(statement, read_signatures(json.loads(signatures)))
        for statement, signatures in session.execute(query)
    )


def add_decision(
    session: Session | Connection,
    workspace: str,
    version: int,
    kind: str,
    decision: Decision,
    evidence_ids: Sequence[int],
    author: str,
    *,
    withdrawn: Sequence[int] = (),
) -> None:
    """Writes a decision on a promotion, and that the versions in `withdrawn` lose the target by it.

    `kind`: `stage` or `alias`; the target is kept in lower case.
    """
    row = {
        "workspace": workspace,
        "model": decision.model,
        "version": version,
        "action": PROMOTION,
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
    lost = [
        _withdrawal(workspace, decision.model, loser, kind, decision.target, author, decision.at)
        for loser in withdrawn
    ]
    _append(session, [row, *lost])


def add_withdrawal(
    session: Session | Connection,
    workspace: str,
    model: str,
    version: int,
    kind: str,
    target: str,
    author: str,
    now: datetime,
) -> None:
    """Writes that a version lost a target that it held: to another one, or because somebody took it away."""
    _append(session, [_withdrawal(workspace, model, version, kind, target, author, now)])


def _withdrawal(
    workspace: str, model: str, version: int, kind: str, target: str, author: str, now: datetime
) -> dict[str, Any]:
    return {
        "workspace": workspace,
        "model": model,
        "version": version,
        "action": WITHDRAWAL,
        "kind": kind,
        "target": target.lower(),
        "allowed": True,
        "subject": "",
        "incumbent": "",
        "policy": "",
        "reasons": "[]",
        "notes": "[]",
        "evidence": "[]",
        "author": author,
        "decided_at": _ms(now),
    }


def _append(session: Session | Connection, rows: Sequence[dict[str, Any]]) -> None:
    head = chain.head(session, evidence_table)
    chain.append(session, decision_table, [{**row, "evidence_head": head} for row in rows])


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
            table.action == PROMOTION,
            table.allowed.is_(True),
        )
        .order_by(table.id.desc())
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Promotion(*row)


def _ms(time: datetime) -> int:
    return round(time.astimezone(UTC).timestamp() * 1_000)

"""Evidence in the ledger: what was submitted about which files, by whom, and what was revoked."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from mlflow_prod.errors import EvidenceError, did_you_mean
from mlflow_prod.evidence import Attestation, PublicKey, read_signatures
from mlflow_prod.registry.case import Revoked
from mlflow_prod.registry.chain import Ledger
from mlflow_prod.registry.tables import evidence_table, ms, newest_table, statement_table

# Characters; longer records are read anew each time rather than kept in memory.
SHORT = 16_384
# Of these the newest counts.
GROUP = ("workspace", "subject", "check_name", "key_ids")
# Stands for the ids of keys where a revocation does, of whatever was signed by whomever.
REVOKED = "revoked"


def add_evidence(
    ledger: Ledger,
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
    rows: list[dict[str, Any]] = [
        {
            "workspace": workspace,
            "subject": one.evidence.subject,
            "check_name": one.evidence.check,
            "made_at": _made_at(one.evidence.made_at, now),
            "statement": one.statement,
            "signatures": json.dumps(one.to_dsse()["signatures"]),
            "key_ids": " ".join(sorted(signers[name].id for name in one.signers(signers))),
            "model": model,
            "version": version,
            "author": author,
            "submitted_at": ms(now),
        }
        for one in attestations
    ]
    places = [_place(row) for row in rows]
    stated = [_known(ledger.connection, place) for place in places]
    for row, known in zip(rows, stated, strict=True):
        if known is not None:
            # What is sent again stays as old as it was at first.
            row["made_at"] = min(row["made_at"], known.made_at)
        _hold_newest(ledger.connection, row, known)
    for row, place, known, number in zip(rows, places, stated, _append(ledger, rows), strict=True):
        last = {**place, "number": number, "made": row["made_at"]}
        ledger.connection.execute(_ADD_STATEMENT if known is None else _MOVE_STATEMENT, last)


def _append(ledger: Ledger, rows: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    ids = ledger.append(evidence_table, rows)
    for row, number in zip(rows, ids, strict=True):
        group = {f"the_{name}": row[name] for name in GROUP}
        moved = ledger.connection.execute(_POINT, {**group, "number": number})
        if not moved.rowcount:
            ledger.connection.execute(_ADD_POINTER, {**group, "number": number})
    return ids


def _made_at(claimed: datetime, now: datetime) -> int:
    # A clock that runs ahead must not make its evidence the newest for minutes to come.
    return min(ms(claimed), ms(now.replace(microsecond=0)))


@dataclass(frozen=True)
class _Known:
    """When a statement counts as made since it was first submitted, and the row it was last submitted in."""

    made_at: int
    evidence: int


def _known(connection: Connection, place: Mapping[str, Any]) -> _Known | None:
    found = connection.execute(_STATEMENT, place).one_or_none()
    return None if found is None else _Known(*found)


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    """Where a statement stands among those that were submitted: a digest, which takes reading all of it."""
    place = {f"the_{name}": row[name] for name in ("workspace", "subject", "check_name")}
    return {**place, "the_statement": hashlib.sha256(row["statement"].encode()).hexdigest()}


def _hold_newest(connection: Connection, row: Mapping[str, Any], known: _Known | None) -> None:
    """Refuses what is older than what one of its signers has stated, and what is played again.

    Of one second the last counts: what was there before another came must not come again, whichever of its
    signatures is left.
    """
    own = frozenset(row["key_ids"].split())
    for held in connection.execute(_GROUPS, row):
        same = held.key_ids in (row["key_ids"], REVOKED) or bool(own & frozenset(held.key_ids.split()))
        # What nobody signed may not keep out what somebody did.
        again = known is not None and held.evidence > known.evidence and (same or held.key_ids != "")
        if again or (same and held.made_at > row["made_at"]):
            made = datetime.fromtimestamp(held.made_at / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            raise EvidenceError(
                f"the registry holds newer {row['check_name']} evidence about these files, made {made} "
                f"(or revoked then): measure again rather than submit what is older"
            )


def newest_ids(
    connection: Connection, workspace: str, subjects: Sequence[str], checks: Iterable[str]
) -> tuple[int, ...]:
    """Ids of the newest evidence of each of these checks about each subject by each signer, sorted.

    Newest made, then last submitted. By each signer, since unsigned evidence must not hide what was signed.
    Where evidence was revoked, the id of the revocation stands for it. What others submit about the same
    files under other checks is not looked at, and so costs nothing.
    """
    return tuple(sorted(connection.scalars(_NEWEST_IDS, _about(workspace, subjects, checks))))


def newest(
    connection: Connection, workspace: str, subjects: Sequence[str], checks: Iterable[str]
) -> dict[int, Attestation | None]:
    """The same with what was submitted, by id, the oldest first; None for a revocation."""
    found: dict[int, Attestation | None] = {}
    about = _about(workspace, subjects, checks)
    for number, statement, signatures in connection.execute(_NEWEST, about):
        read = _read_once if len(statement) < SHORT else _read
        found[number] = read(statement, signatures) if statement else None
    return found


def _about(workspace: str, subjects: Sequence[str], checks: Iterable[str]) -> dict[str, Any]:
    return {"workspace": workspace, "subjects": sorted(set(subjects)), "checks": sorted(set(checks))}


@dataclass(frozen=True)
class Headline:
    """What stands over a record: its check, when it was made, ids of the known keys that signed it."""

    check: str
    made_at: datetime
    key_ids: frozenset[str]


def headlines(connection: Connection, workspace: str, subject: str) -> tuple[Headline, ...]:
    """The newest evidence of each check about a model's files by each signer; nothing that was revoked."""
    about = {"workspace": workspace, "subjects": [subject]}
    return tuple(
        Headline(check, datetime.fromtimestamp(made_at / 1_000, UTC), frozenset(key_ids.split()))
        for check, made_at, key_ids in connection.execute(_HEADLINES, about)
    )


def _read(statement: str, signatures: str) -> Attestation:
    return Attestation(statement, read_signatures(json.loads(signatures)))


# Reading a record takes as long as two statements, and a promotion asks for those of the one before, too.
_read_once = lru_cache(maxsize=256)(_read)


def evidence_with(connection: Connection, ids: Sequence[int]) -> tuple[Attestation, ...]:
    """What was submitted under these ids and not revoked, in order of submission."""
    table = evidence_table.c
    found = (table.id.in_(ids), table.statement != "")
    query = select(table.statement, table.signatures).where(*found).order_by(table.id)
    return tuple(_read(statement, signatures) for statement, signatures in connection.execute(query))


def revoke(
    ledger: Ledger,
    workspace: str,
    model: str,
    version: int,
    subject: str,
    check: str,
    author: str,
    now: datetime,
) -> tuple[int, ...]:
    """Takes all evidence of a check about these files out of account; what is made later counts again.

    Returns the ids of the rows that stand for it. Raises EvidenceError where there is none.
    """
    table = evidence_table.c
    about = (table.workspace == workspace, table.subject == subject)
    held = ledger.connection.execute(select(table.check_name, table.key_ids).where(*about).distinct()).all()
    checks = {row.check_name for row in held}
    if check not in checks:
        raise EvidenceError(
            f"check must be one with evidence about these files, {did_you_mean(check, checks)}"
        )
    rows = [
        {
            "workspace": workspace,
            "subject": subject,
            "check_name": check,
            "made_at": ms(now),
            "statement": "",
            "signatures": "[]",
            "key_ids": key_ids,
            "model": model,
            "version": version,
            "author": author,
            "submitted_at": ms(now),
        }
        for key_ids in sorted({REVOKED, *(row.key_ids for row in held if row.check_name == check)})
    ]
    return _append(ledger, rows)


def revocations(connection: Connection, ids: Sequence[int]) -> tuple[Revoked, ...]:
    """What the rows that stand for revocations say."""
    if not ids:
        return ()
    columns = (_evidence.check_name, _evidence.subject, _evidence.author, _evidence.submitted_at)
    return tuple(
        Revoked(check, subject, author, datetime.fromtimestamp(at / 1_000, UTC))
        for check, subject, author, at in connection.execute(select(*columns).where(_evidence.id.in_(ids)))
    )


def is_revoked(connection: Connection, workspace: str, subject: str, checks: Iterable[str]) -> bool:
    """Whether evidence of one of these checks about the files was ever revoked."""
    about = (
        _newest.workspace == workspace,
        _newest.subject == subject,
        _newest.check_name.in_(sorted(checks)),
        _newest.key_ids == REVOKED,
    )
    return connection.scalar(select(_newest.evidence).where(*about).limit(1)) is not None


def submitters(connection: Connection, workspace: str, subject: str) -> frozenset[str]:
    """Who submitted evidence about these files."""
    table = evidence_table.c
    about = (table.workspace == workspace, table.subject == subject, table.statement != "")
    return frozenset(connection.scalars(select(table.author).where(*about).distinct()))


# Made once: a promotion asks twice, and making a statement takes as long as running it.
_evidence, _newest = evidence_table.c, newest_table.c
_POINT = (
    update(newest_table)
    .where(*(_newest[name] == bindparam(f"the_{name}") for name in GROUP))
    .values(evidence=bindparam("number"))
)
_ADD_POINTER = insert(newest_table).values(
    evidence=bindparam("number"), **{name: bindparam(f"the_{name}") for name in GROUP}
)
_GROUPS = (
    select(_newest.key_ids, _newest.evidence, _evidence.made_at)
    .join(evidence_table, _newest.evidence == _evidence.id)
    .where(*(_newest[name] == bindparam(name) for name in ("workspace", "subject", "check_name")))
)
_THIS = [
    statement_table.c[name] == bindparam(f"the_{name}")
    for name in ("workspace", "subject", "check_name", "statement")
]
_STATEMENT = select(statement_table.c.made_at, statement_table.c.evidence).where(*_THIS)
_MOVE_STATEMENT = update(statement_table).where(*_THIS).values(evidence=bindparam("number"))
_ADD_STATEMENT = insert(statement_table).values(
    made_at=bindparam("made"),
    evidence=bindparam("number"),
    **{name: bindparam(f"the_{name}") for name in ("workspace", "subject", "check_name", "statement")},
)
_ABOUT_FILES = (
    _newest.workspace == bindparam("workspace"),
    _newest.subject.in_(bindparam("subjects", expanding=True)),
)
_ABOUT = (*_ABOUT_FILES, _newest.check_name.in_(bindparam("checks", expanding=True)))
_NEWEST_IDS = select(_newest.evidence).where(*_ABOUT)
_NEWEST = (
    select(_evidence.id, _evidence.statement, _evidence.signatures)
    .join(newest_table, _newest.evidence == _evidence.id)
    .where(*_ABOUT)
    .order_by(_evidence.made_at, _evidence.id)
)
_HEADLINES = (
    select(_newest.check_name, _evidence.made_at, _newest.key_ids)
    .join(evidence_table, _newest.evidence == _evidence.id)
    .where(*_ABOUT_FILES, _evidence.statement != "")
)

"""Decisions in the ledger: who was promoted, refused, withdrawn, approved, by whom and on what."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from mlflow_prod.registry.chain import Ledger
from mlflow_prod.registry.gate import ADOPTION, OVERRIDE, PROMOTION, ROLLBACK, UNENFORCED, Decision
from mlflow_prod.registry.section import NEW_VERSION
from mlflow_prod.registry.tables import decision_table, evidence_table, ms

WITHDRAWAL, APPROVAL, REVOCATION, REGISTRATION = "withdrawal", "approval", "revocation", "registration"
RENAMING = "renaming"
# Where no one version is meant.
EVERY = 0
# What gives a version a target.
GIVING = (PROMOTION, ROLLBACK, OVERRIDE, ADOPTION, UNENFORCED)
# What met no policy does not come back by itself.
UNPROVEN = (OVERRIDE, UNENFORCED)


@dataclass(frozen=True)
class Promotion:
    """A promotion that happened: its row, the version, and the digest of the files that were promoted."""

    id: int
    version: int
    subject: str


@dataclass(frozen=True)
class Known:
    """Whether the ledger has a version hold a target, and the digest it last came to it with, "" if never."""

    holds: bool
    subject: str


@dataclass(frozen=True)
class Entry:
    """What the ledger says of an event beside a decision of the gate.

    Parameters
    ----------
    action : WITHDRAWAL, APPROVAL, REVOCATION, REGISTRATION or RENAMING.
    model, version : of the registry.
    kind, target : what is meant: a `stage`, `alias`, `check` by name, `any` target by name, the `model`.
    subject : digest of the files; "" where they do not matter.
    note : what whoever did it said, "" for nothing.
    allowed : false: an approval that is taken back.
    """

    action: str
    model: str
    version: int
    kind: str
    target: str
    subject: str = ""
    note: str = ""
    evidence_ids: tuple[int, ...] = ()
    allowed: bool = True


def add_decision(
    ledger: Ledger,
    workspace: str,
    version: int,
    kind: str,
    decision: Decision,
    evidence_ids: Sequence[int],
    author: str,
    *,
    withdrawn: Sequence[int] = (),
    signed: str = "",
) -> None:
    """Writes a decision on a promotion, and that the versions in `withdrawn` lose the target by it.

    `kind`: `stage`, `alias` or `model`; the target is kept in lower case. `signed`: the envelope of an
    override.
    """
    row = {
        "version": version,
        "action": decision.action,
        "kind": kind,
        "target": decision.target.lower(),
        "allowed": decision.allowed,
        "subject": decision.subject,
        "incumbent": decision.incumbent,
        "policy": decision.policy,
        "reasons": json.dumps(decision.reasons),
        "notes": json.dumps([*decision.notes, *([signed] if signed else [])]),
        "evidence": json.dumps(list(evidence_ids)),
    }
    lost = [_row(Entry(WITHDRAWAL, decision.model, loser, kind, decision.target)) for loser in withdrawn]
    _append(ledger, workspace, decision.model, [row, *lost], author, decision.at)


def add_entry(ledger: Ledger, workspace: str, entry: Entry, author: str, now: datetime) -> None:
    """Writes another event."""
    _append(ledger, workspace, entry.model, [_row(entry)], author, now)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "action": entry.action,
        "kind": entry.kind,
        "target": entry.target.lower(),
        "allowed": entry.allowed,
        "subject": entry.subject,
        "incumbent": "",
        "policy": "",
        "reasons": "[]",
        "notes": json.dumps([entry.note] if entry.note else []),
        "evidence": json.dumps(list(entry.evidence_ids)),
    }


def _append(
    ledger: Ledger,
    workspace: str,
    model: str,
    rows: Sequence[dict[str, Any]],
    author: str,
    now: datetime,
) -> None:
    same = {
        "workspace": workspace,
        "model": model,
        "evidence_head": ledger.head(evidence_table),
        "author": author,
        "decided_at": ms(now),
    }
    ledger.append(decision_table, [{**row, **same} for row in rows])


def last_promotion(
    connection: Connection, workspace: str, model: str, kind: str, target: str
) -> Promotion | None:
    """The last promotion of any version of `model` to this target, whether it still holds it or not."""
    place = {"workspace": workspace, "model": model, "kind": kind, "target": target.lower()}
    row = connection.execute(LAST_PROMOTION, place).one_or_none()
    return None if row is None else Promotion(*row)


def previous_promotion(
    connection: Connection, workspace: str, model: str, kind: str, target: str
) -> Promotion | None:
    """What a rollback brings back: what was promoted before the last one, and met the policy.

    Promotions pile up, and a version that comes back, however it does, takes away all above it: from 3 back
    to 2, the previous one is 1.
    """
    table = decision_table.c
    given = _given(workspace, model, kind, target)
    query = select(table.id, table.version, table.subject, table.action).where(*given).order_by(table.id)
    pile: list[tuple[Promotion, str]] = []
    for number, version, subject, action in connection.execute(query):
        known = [(one.version, one.subject) for one, _ in pile]
        if (version, subject) in known:
            del pile[known.index((version, subject)) + 1 :]
        else:
            pile.append((Promotion(number, version, subject), action))
    return next((one for one, action in reversed(pile[:-1]) if action not in UNPROVEN), None)


def was_given(
    connection: Connection, workspace: str, model: str, kind: str, target: str, version: int
) -> bool:
    """Whether the ledger has a promotion of this version to this target."""
    table = decision_table.c
    given = (*_given(workspace, model, kind, target), table.version == version)
    return connection.scalar(select(table.id).where(*given).limit(1)) is not None


def known_holding(
    connection: Connection, workspace: str, model: str, kind: str, target: str, version: int
) -> Known:
    """What the ledger has last of this version and this target."""
    table = decision_table.c
    about = (
        table.workspace == workspace,
        table.model == model,
        table.kind == kind,
        table.target == target.lower(),
        table.version == version,
        table.allowed.is_(True),
        table.action.in_([*GIVING, WITHDRAWAL]),
    )
    query = select(table.action, table.subject).where(*about).order_by(table.id.desc())
    rows = connection.execute(query).all()
    given = [subject for action, subject in rows if action != WITHDRAWAL]
    return Known(bool(rows) and rows[0].action != WITHDRAWAL, given[0] if given else "")


def approvers(
    connection: Connection, workspace: str, model: str, target: str, subject: str
) -> frozenset[str]:
    """Who approved that these files get the target, by each person's last word."""
    table = decision_table.c
    query = select(table.author, table.allowed).where(
        table.workspace == workspace,
        table.model == model,
        table.kind == "any",
        table.target == target.lower(),
        table.action == APPROVAL,
        table.subject == subject,
    )
    last = dict(connection.execute(query.order_by(table.id)).tuples().all())
    return frozenset(author for author, approves in last.items() if approves)


def registrant(connection: Connection, workspace: str, model: str, version: int) -> str | None:
    """Who registered a version; None where the gate did not see it, or the model had another name then."""
    table = decision_table.c
    query = select(table.author, table.action).where(
        table.workspace == workspace,
        table.model == model,
        table.kind == "model",
        table.target == NEW_VERSION,
        table.allowed.is_(True),
        table.version.in_([version, EVERY]),
    )
    row = connection.execute(query.order_by(table.id.desc()).limit(1)).one_or_none()
    return None if row is None or row.action == RENAMING else row.author


def overridden_before(connection: Connection, payload: str) -> bool:
    """Whether an override with this payload, as its DSSE envelope has it, was used already, anywhere."""
    table = decision_table.c
    used = select(table.notes).where(table.action == OVERRIDE)
    return any(payload in notes for notes in connection.scalars(used))


def _given(workspace: str, model: str, kind: str, target: str) -> tuple[Any, ...]:
    table = decision_table.c
    return (
        table.workspace == workspace,
        table.model == model,
        table.kind == kind,
        table.target == target.lower(),
        table.allowed.is_(True),
        table.action.in_(GIVING),
    )


# Parameters: workspace, model, kind, target in lower case. Made once: a promotion asks twice, and making a
# statement takes as long as running it.
_decisions = decision_table.c
LAST_PROMOTION = (
    select(_decisions.id, _decisions.version, _decisions.subject)
    .where(
        _decisions.workspace == bindparam("workspace"),
        _decisions.model == bindparam("model"),
        _decisions.kind == bindparam("kind"),
        _decisions.target == bindparam("target"),
        _decisions.allowed.is_(True),
        _decisions.action.in_(GIVING),
    )
    .order_by(_decisions.id.desc())
    .limit(1)
)

"""How a target changes hands: heard, decided, moved and written down in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from mlflow.store.model_registry.dbmodels.models import SqlModelVersionTag
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.orm import Session

from mlflow_prod import registry
from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import PROMOTED_TAG, Attestation, Override, promoted_text
from mlflow_prod.plugins.author import author
from mlflow_prod.plugins.hearing import Asked, Hearing, hear
from mlflow_prod.plugins.holders import A_NEW_VERSION, Target, held_targets, location_of, version_of
from mlflow_prod.plugins.model_files import look_at
from mlflow_prod.plugins.one_transaction import OneTransaction
from mlflow_prod.plugins.overruling import overruled
from mlflow_prod.registry import OVERRIDE, Decision, Entry, Ledger, PolicyFile

ATTEMPTS = 5
Moved = TypeVar("Moved")
_tags = SqlModelVersionTag.__table__
_CHANGE_TAG = update(_tags).where(
    *(_tags.c[name] == bindparam(f"the_{name}") for name in ("workspace", "name", "version", "key"))
)
_ADD_TAG = insert(_tags)
# Changes a hearing's decision, or leaves it: an override does.
Ruling = Callable[[Hearing], Hearing]


class Promotions:
    """The gate before a store.

    Parameters
    ----------
    store : whose tables are read.
    transactions : the store's sessions.
    policy_file : read anew at each promotion.
    archive : MLflow's own move of a version, by name and number, to the stage Archived.
    """

    def __init__(
        self,
        store: SqlAlchemyStore,
        transactions: OneTransaction,
        policy_file: PolicyFile,
        archive: Callable[[str, str], object],
    ) -> None:
        self._store = store
        self._transactions = transactions
        self._policy_file = policy_file
        self._archive = archive

    @property
    def _workspace(self) -> str:
        return str(self._store._get_active_workspace())

    def promote(self, asked: Asked, move: Callable[[], Moved], ruling: Ruling | None = None) -> Moved:
        """Moves if the gate allows it; PERMISSION_DENIED with every reason where it refuses."""
        name, target = asked.model, asked.target
        for _ in range(ATTEMPTS):
            policy = self._policy_file.read()
            section = policy.section(name, target.name)
            if section is None:
                return self.withdrawing(name, move) if target.kind == "stage" else move()
            hearing = hear(self._store, self._transactions, policy, section, asked)
            if hearing is None:
                # A prompt may take the target, and whoever loses it by that is written down.
                with self._transactions.locked() as (session, ledger):
                    row = version_of(self._store, ledger.connection, name, asked.version)
                    if location_of(self._store, ledger.connection, row) is not None:
                        continue
                    with self._watched(session, ledger, name):
                        return move()
            if ruling is not None:
                hearing = ruling(hearing)
            with self._transactions.locked() as (session, ledger):
                if not hearing.binds(self._store, ledger, self._policy_file.read()):
                    continue
                if hearing.decision.allowed:
                    return self._move(session, ledger, hearing, move)
                self._write(ledger, hearing.decision, target.kind, hearing.standing.version, hearing)
            # Raised outside of the transaction, which would otherwise take the written refusal back.
            raise denied(hearing.refusal)
        raise denied(
            f"{asked.source or f'Version {asked.version} of {name}'} to {target}: refused, its files, its "
            f"evidence, the incumbent or the policy changed {ATTEMPTS} times while they were looked at. Ask "
            f"again when they rest."
        )

    def check(self, asked: Asked) -> Decision:
        """What the gate would decide now; nothing is moved or written down."""
        policy = self._policy_file.read()
        section = policy.section(asked.model, asked.target.name)
        hearing = None if section is None else hear(self._store, self._transactions, policy, section, asked)
        if hearing is None:
            return registry.decide(policy, asked.model, asked.target.name, "", (), None, datetime.now(UTC))
        return hearing.decision

    def register(self, name: str, source: str, create: Callable[[], ModelVersion]) -> ModelVersion:
        """Makes a new version; where the policy protects the model's versions, that is a promotion.

        Where it asks for approvals the ledger keeps who registered the version, who may not approve it.
        """
        policy = self._policy_file.read()
        if policy.section(name, A_NEW_VERSION.name) is not None:
            return self.promote(Asked(name, A_NEW_VERSION, source=source), create)
        if not policy.asks_approval(name):
            return create()
        with self._transactions.locked() as (_, ledger):
            version = create()
            entry = Entry(registry.REGISTRATION, name, int(version.version), "model", A_NEW_VERSION.name)
            registry.add_entry(ledger, self._workspace, entry, author(), datetime.now(UTC))
        return version

    def override(
        self, name: str, version: str, attestation: Attestation, move: Callable[[Target], object]
    ) -> None:
        """Moves on a person's signed word; EvidenceError where the policy does not take it."""
        override = Override.read(attestation)
        if (override.model, override.version) != (name, version):
            raise EvidenceError(
                f"the override is for {override.model} {override.version}, not for {name} {version}"
            )
        target = Target.parse(override.target)
        if self._policy_file.read().section(name, target.name) is None:
            raise EvidenceError(f"{target} of {name} is not protected: ask for it as usual")

        def overrule(hearing: Hearing) -> Hearing:
            with self._transactions.reading() as connection:
                return overruled(connection, hearing, override, attestation)

        self.promote(Asked(name, target, version), lambda: move(target), overrule)

    def adopt(self, name: str, version: str, note: str) -> None:
        """Writes down what a version holds, or is in, under protection, where the ledger does not know it."""
        policy = self._policy_file.read()
        with self._transactions.reading() as connection:
            row = version_of(self._store, connection, name, version)
            location = location_of(self._store, connection, row)
            held = held_targets(self._store, connection, name)
        targets = [A_NEW_VERSION, *(target for target, holder in held if holder == row.version)]
        if location is None or all(policy.section(name, target.name) is None for target in targets):
            return
        files = look_at(location)
        with self._transactions.locked() as (_, ledger):
            if not files.unchanged():
                raise EvidenceError(f"the files of {name} {version} change while they are looked at")
            policy, now = self._policy_file.read(), datetime.now(UTC)
            held = held_targets(self._store, ledger.connection, name)
            holding = set(map(_place, held))
            for target, holder in held:
                if holder != row.version or policy.section(name, target.name) is None:
                    continue
                place = (self._workspace, name, target.kind, target.name)
                last = registry.last_promotion(ledger.connection, *place)
                if (
                    last is not None
                    and _place((target, last.version)) not in holding
                    and registry.known_holding(ledger.connection, *place, last.version).holds
                ):
                    # It lost the target past the gate.
                    lost = Entry(registry.WITHDRAWAL, name, last.version, target.kind, target.name)
                    registry.add_entry(ledger, self._workspace, lost, author(), now)
                known = registry.known_holding(ledger.connection, *place, holder)
                if not known.holds:
                    # What was promoted once is known by the bytes of then, whatever stands there now.
                    subject = known.subject or files.digest
                    decision = registry.adopt(policy, name, target.name, subject, note, now)
                    self._write(ledger, decision, target.kind, holder)
            inside = A_NEW_VERSION.name
            if policy.section(name, inside) is None:
                return
            # Of another kind than what came in by the gate: that is the incumbent of the next one, and
            # whoever brought it in its author.
            kinds, about = (A_NEW_VERSION.kind, "any"), (ledger.connection, self._workspace, name)
            if not any(registry.known_holding(*about, kind, inside, row.version).holds for kind in kinds):
                decision = registry.adopt(policy, name, inside, files.digest, note, now)
                self._write(ledger, decision, "any", row.version)

    def withdrawing(self, name: str, move: Callable[[], Moved]) -> Moved:
        """Moves, and writes down which versions lost a protected target by it."""
        with (
            self._transactions.locked() as (session, ledger),
            self._watched(session, ledger, name),
        ):
            return move()

    def _move(self, session: Session, ledger: Ledger, hearing: Hearing, move: Callable[[], Moved]) -> Moved:
        asked, kind = hearing.asked, hearing.asked.target.kind
        if not hearing.moves_others:
            self._write(ledger, hearing.decision, kind, hearing.standing.version, hearing)
            return move()
        with self._watched(session, ledger, asked.model) as held:
            holders = {hearing.standing.holder.version} if hearing.standing.holder else set()
            if kind == "stage":
                holders |= {version for target, version in held if target == asked.target}
            moved = move()
            version = hearing.standing.version
            if not version and isinstance(moved, ModelVersion):
                version = int(moved.version)
            self._write(ledger, hearing.decision, kind, version, hearing)
            if hearing.section.archives:
                for other in holders - {version}:
                    self._archive(asked.model, str(other))
            return moved

    def _write(
        self, ledger: Ledger, decision: Decision, kind: str, version: int, hearing: Hearing | None = None
    ) -> None:
        registry.add_decision(
            ledger,
            self._workspace,
            version,
            kind,
            decision,
            hearing.evidence_ids if hearing else (),
            author(),
            withdrawn=hearing.replaced if hearing else (),
            signed=hearing.signed if hearing else "",
        )
        if decision.allowed and version:
            self._mark(ledger.connection, decision, version)

    def _mark(self, connection: Connection, decision: Decision, version: int) -> None:
        """Leaves a tag on the version that says what was promoted, for people and for who loads the files."""
        how = decision.notes[0] if decision.action == OVERRIDE else decision.action
        value = promoted_text(decision.subject, how, author(), decision.at)
        key = PROMOTED_TAG + decision.target.lower()
        place = {"workspace": self._workspace, "name": decision.model, "version": version, "key": key}
        # Not `merge`, which would load MLflow's entities.
        where = {f"the_{name}": text for name, text in place.items()}
        changed = connection.execute(_CHANGE_TAG, where | {"value": value})
        if not changed.rowcount:
            connection.execute(_ADD_TAG, place | {"value": value})

    @contextmanager
    def _watched(self, session: Session, ledger: Ledger, name: str) -> Iterator[list[tuple[Target, int]]]:
        """Hands out who holds what, and writes down which versions lose a protected target in the block."""
        before = held_targets(self._store, ledger.connection, name)
        yield before
        session.flush()
        policy, after = self._policy_file.read(), held_targets(self._store, ledger.connection, name)
        # The ledger knows one spelling of a target: a version loses it with the last of its own.
        lost = {_place(held): held for held in before}
        for place in map(_place, after):
            lost.pop(place, None)
        for target, version in lost.values():
            if policy.section(name, target.name) is not None:
                entry = Entry(registry.WITHDRAWAL, name, version, target.kind, target.name)
                registry.add_entry(ledger, self._workspace, entry, author(), datetime.now(UTC))


def _place(held: tuple[Target, int]) -> tuple[str, str, int]:
    target, version = held
    return target.kind, target.name.lower(), version


def denied(message: str) -> MlflowException:
    """The error of whatever the gate does not let happen: HTTP 403."""
    return MlflowException(message, PERMISSION_DENIED)

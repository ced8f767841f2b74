"""What comes in as the value of a reserved tag: evidence, and what else people ask of the gate."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from mlflow.entities.model_registry import ModelVersionTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Connection

from mlflow_prod import registry
from mlflow_prod.errors import EvidenceError, ModelError
from mlflow_prod.evidence import (
    ADOPTION_TAG,
    APPROVAL_TAG,
    EVIDENCE_TAG,
    MODELS,
    OVERRIDE_TAG,
    RESERVED,
    REVOCATION_TAG,
    Adoption,
    Approval,
    Attestation,
    Evidence,
    PublicKey,
    Revocation,
    approval_text,
    read_envelope,
    unpack,
)
from mlflow_prod.plugins.author import author
from mlflow_prod.plugins.holders import Target, location_of, version_of
from mlflow_prod.plugins.model_files import ModelFiles, look_at
from mlflow_prod.plugins.one_transaction import OneTransaction
from mlflow_prod.plugins.promotions import ATTEMPTS, Promotions, denied
from mlflow_prod.registry import CHECK_LENGTH, CLOCK_SLACK, Entry, Headline, Ledger, PolicyFile

# Of the checks in a version's tag, which MLflow keeps short.
MOST_NAMED = 20
# What one model can need; each is looked for in the ledger.
MOST_CHECKS = 200


class Intake:
    """Takes in what is sent for a version, and leaves a short tag in its place.

    Parameters
    ----------
    set_tag : MLflow's own setting of a version's tag: name, version, tag.
    move : gives a version, by name and number, a target without asking the gate.
    """

    def __init__(
        self,
        store: SqlAlchemyStore,
        transactions: OneTransaction,
        policy_file: PolicyFile,
        promotions: Promotions,
        set_tag: Callable[[str, str, ModelVersionTag], None],
        move: Callable[[str, str, Target], object],
    ) -> None:
        self._store = store
        self._transactions = transactions
        self._policy_file = policy_file
        self._promotions = promotions
        self._set_tag = set_tag
        self._move = move

    def take(self, name: str, version: str, tag: ModelVersionTag) -> None:
        """Takes in a reserved tag's value; INVALID_PARAMETER_VALUE says what is wrong with it."""
        takers = {
            EVIDENCE_TAG: self._evidence,
            APPROVAL_TAG: self._approval,
            REVOCATION_TAG: self._revocation,
            OVERRIDE_TAG: self._override,
            ADOPTION_TAG: self._adoption,
        }
        if tag.key not in takers:
            raise denied(f"The tag {tag.key!r} is reserved: the gate sets what starts with {RESERVED!r}.")
        try:
            takers[tag.key](name, version, tag.value)
        except (EvidenceError, ModelError) as problem:
            raise MlflowException(str(problem), INVALID_PARAMETER_VALUE) from problem

    def _evidence(self, name: str, version: str, envelope: str) -> None:
        signers = self._policy_file.read().signers
        attestations = unpack(envelope)
        for attestation in attestations:
            _hold_signed(attestation, signers)
        with self._at_rest(name, version) as (ledger, files, number):
            _hold_about([one.evidence for one in attestations], name, version, files)
            now, workspace = datetime.now(UTC), self._store._get_active_workspace()
            registry.add_evidence(ledger, workspace, name, number, attestations, signers, author(), now)
            self._tell_evidence(ledger.connection, name, version, files.digest, signers)

    def _tell_evidence(
        self, connection: Connection, name: str, version: str, subject: str, signers: Mapping[str, PublicKey]
    ) -> None:
        known = registry.headlines(connection, self._store._get_active_workspace(), subject)
        told = summary(known, signers)
        self._set_tag(name, version, ModelVersionTag(EVIDENCE_TAG, told))

    def _approval(self, name: str, version: str, text: str) -> None:
        asked = Approval.read(text)
        with self._at_rest(name, version) as (ledger, files, number):
            workspace, now = self._store._get_active_workspace(), datetime.now(UTC)
            model, target = name, asked.target
            if target.startswith(MODELS):
                model, target = target.removeprefix(MODELS), registry.NEW_VERSION
            entry = Entry(
                registry.APPROVAL,
                model,
                number,
                "any",
                target,
                files.digest,
                asked.note,
                allowed=not asked.taken_back,
            )
            registry.add_entry(ledger, workspace, entry, author(), now)
            users = registry.approvers(ledger.connection, workspace, model, target, files.digest)
            section = self._policy_file.read().section(model, target)
            unheard = ""
            if section is not None and section.approvals is not None and section.approvals.not_by:
                unheard = _unheard(users, self._authors(ledger.connection, name, number, target, files))
            told = approval_text(asked.target, users, now, unheard)
            self._set_tag(name, version, ModelVersionTag(APPROVAL_TAG, told))

    def _authors(
        self, connection: Connection, name: str, number: int, target: str, files: ModelFiles
    ) -> frozenset[str | None]:
        """Who made a version, as far as that is known now; None among them: whom nobody knows."""
        workspace = self._store._get_active_workspace()
        submitters = registry.submitters(connection, workspace, files.digest)
        if target == registry.NEW_VERSION:
            # Whoever will copy it.
            return submitters
        return submitters | {registry.registrant(connection, workspace, name, number)}

    def _revocation(self, name: str, version: str, text: str) -> None:
        asked = Revocation.read(text)
        with self._at_rest(name, version) as (ledger, files, number):
            workspace, now = self._store._get_active_workspace(), datetime.now(UTC)
            place = (workspace, name, number, files.digest, asked.check)
            ids = registry.revoke(ledger, *place, author(), now)
            entry = Entry(
                registry.REVOCATION, name, number, "check", asked.check, files.digest, asked.reason, ids
            )
            registry.add_entry(ledger, workspace, entry, author(), now)
            self._tell_evidence(
                ledger.connection, name, version, files.digest, self._policy_file.read().signers
            )
            told = f"{asked.check} by {author()} ({now:%Y-%m-%d}): {asked.reason}"
            self._set_tag(name, version, ModelVersionTag(REVOCATION_TAG, told))

    def _override(self, name: str, version: str, text: str) -> None:
        self._promotions.override(
            name, version, read_envelope(text), lambda target: self._move(name, version, target)
        )

    def _adoption(self, name: str, version: str, text: str) -> None:
        self._promotions.adopt(name, version, Adoption.read(text).note)

    @contextmanager
    def _at_rest(self, name: str, version: str) -> Iterator[tuple[Ledger, ModelFiles, int]]:
        """(locked ledger, files, number) of a version whose files are as they were before the lock."""
        store = self._store
        for _ in range(ATTEMPTS):
            with self._transactions.reading() as connection:
                location = location_of(store, connection, version_of(store, connection, name, version))
            if location is None:
                raise EvidenceError(f"{name} version {version} is a prompt: evidence is about models")
            try:
                files = look_at(location)
            except ModelError as problem:
                raise EvidenceError(f"{name} version {version} takes nothing in: {problem}") from problem
            with self._transactions.locked() as (_, ledger):
                row = version_of(store, ledger.connection, name, version)
                if location_of(store, ledger.connection, row) == location and files.unchanged():
                    yield ledger, files, int(row.version)
                    return
        raise EvidenceError(f"the files of {name} version {version} change while they are looked at")


def summary(known: Sequence[Headline], signers: Mapping[str, PublicKey]) -> str:
    """What stands in the tag, of the newest evidence of each check.

    >>> from datetime import UTC, datetime
    >>> summary([Headline("fairness", datetime(2026, 11, 20, tzinfo=UTC), frozenset())], {})
    'fairness (1 check, unsigned, 2026-11-20)'
    """
    if not known:
        return "none that counts"
    checks = sorted({one.check for one in known})
    named = ", ".join(checks[:MOST_NAMED]) + (", ..." if len(checks) > MOST_NAMED else "")
    last = max(one.made_at for one in known)
    count = f"{len(checks)} check{'s' if len(checks) > 1 else ''}"
    by = [{name for name, key in signers.items() if key.id in one.key_ids} for one in known]
    names = sorted(set().union(*by))
    signed = f"signed by {', '.join(names)}" if names else "unsigned"
    # Someone else's signature on one check says nothing of the others.
    partly = "partly " if names and not all(by) else ""
    return f"{named} ({count}, {partly}{signed}, {last:%Y-%m-%d})"


def _unheard(users: frozenset[str], authors: frozenset[str | None]) -> str:
    """Whose approval does not count where it must be `not_by: author`, and why; "" where each does."""
    if None in authors:
        return "any, since nobody knows who registered the version: register it again"
    own = users & authors
    if not own:
        return ""
    return (
        f"{', '.join(sorted(own))}, who registered the version or submitted evidence about its files: "
        f"the policy says not_by: author"
    )


def _hold_signed(attestation: Attestation, signers: Mapping[str, PublicKey]) -> None:
    if not attestation.signatures or not signers or attestation.signers(signers):
        return
    check, hints = attestation.evidence.check, {one.key_id for one in attestation.signatures}
    known = [name for name, key in signers.items() if key.id in hints]
    if known:
        raise EvidenceError(f"the {check} evidence was changed after {known[0]} signed it: measure it again")
    raise EvidenceError(
        f"the {check} evidence is signed by a key that the policy does not know, {', '.join(sorted(hints))}: "
        f"sign it by {' or '.join(sorted(signers))}, or add the key under `signers`"
    )


def _hold_about(evidence: Sequence[Evidence], name: str, version: str, files: ModelFiles) -> None:
    checks = [record.check for record in evidence]
    if len(set(checks)) < len(checks):
        raise EvidenceError(f"an envelope must hold one record a check, got {', '.join(sorted(checks))}")
    if len(checks) > MOST_CHECKS:
        raise EvidenceError(f"an envelope must hold at most {MOST_CHECKS} records, got {len(checks)}")
    now = datetime.now(UTC)
    for record in evidence:
        if len(record.check) > CHECK_LENGTH:
            raise EvidenceError(f"check must have at most {CHECK_LENGTH} characters, got {len(record.check)}")
        if record.subject != files.digest:
            raise EvidenceError(
                f"the {record.check} evidence is about files with digest {record.subject[:12]}, and {name} "
                f"version {version} holds files with digest {files.digest[:12]}: measure this version, or "
                f"register the files that were measured"
            )
        if record.made_at > now + CLOCK_SLACK:
            raise EvidenceError(
                f"the {record.check} evidence was made in the future ({record.made_at.isoformat()}): "
                f"set the clocks"
            )

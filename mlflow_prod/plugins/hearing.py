"""A promotion's hearing: decided before the lock is taken, and binding if nothing has changed once it is."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mlflow.store.artifact.utils.models import _parse_model_uri
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking import MlflowClient
from sqlalchemy import Connection

from mlflow_prod import registry
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import MODELS
from mlflow_prod.plugins.author import author
from mlflow_prod.plugins.holders import (
    Holder,
    Target,
    hold_storable,
    location_of,
    newest_version,
    version_and_holder,
    version_of,
    versions_of,
)
from mlflow_prod.plugins.model_files import ModelFiles, look_at
from mlflow_prod.plugins.one_transaction import OneTransaction
from mlflow_prod.registry import Approved, Decision, Incumbent, Ledger, NoPolicy, Policy, Promotion, Section


@dataclass(frozen=True)
class Asked:
    """What somebody asks for: a target for a version, or that the files at `source` become a new version."""

    model: str
    target: Target
    version: str = ""
    source: str = ""

    @property
    def uri(self) -> str:
        """What finds the model by MLflow, "" where only its files' place is known."""
        if self.version:
            return f"{MODELS}{self.model}/{int(self.version)}"
        return self.source if self.source.startswith(MODELS) else ""


@dataclass(frozen=True)
class Standing:
    """What the registry's tables say about a promotion; `version` is 0 before there is one.

    `holder_is_known`: the ledger has its promotion. `heads`: of the ledger, at that moment or before.
    """

    version: int
    location: str | None
    holder: Holder | None
    last: Promotion | None
    holder_is_known: bool
    approved: Approved
    heads: tuple[str, ...] = field(compare=False)


@dataclass(frozen=True)
class Hearing:
    """A decision on what was asked, and everything it rests on."""

    asked: Asked
    decision: Decision
    standing: Standing
    policy: Policy | NoPolicy
    section: Section
    files: tuple[ModelFiles, ...] = ()
    subjects: tuple[str, ...] = ()
    evidence_ids: tuple[int, ...] = ()
    signed: str = ""

    @property
    def moves_others(self) -> bool:
        """Whether more may change than that an alias moves: then the store looks at who held what before."""
        return self.asked.target.kind != "alias" or self.section.archives

    @property
    def replaced(self) -> tuple[int, ...]:
        """The version that loses an alias by this promotion, if it is allowed and there is one.

        An alias in another case is another alias to most databases, and stays where it is.
        """
        holder = self.standing.holder
        if self.moves_others or not self.decision.allowed or holder is None:
            return ()
        same = holder.version == self.standing.version
        return () if same or holder.twice or holder.target != self.decision.target else (holder.version,)

    @property
    def refusal(self) -> str:
        """What is told to whoever asked: every reason, and that a holder keeps what it holds."""
        version, holder = self.standing.version, self.standing.holder
        if not version:
            return f"{self.asked.source} to {self.decision}"
        said = f"Version {version} of {self.decision}"
        return f"{said}\nIt keeps {self.asked.target}." if holder and holder.version == version else said

    def binds(self, store: SqlAlchemyStore, ledger: Ledger, policy: Policy | NoPolicy) -> bool:
        """Whether all it rests on is as it was; quick, reads no file's content.

        Where nobody wrote to the ledger meanwhile, nobody was given or lost a target that is protected, but a
        version may have been deleted and another one have taken its number.
        """
        return (
            policy == self.policy
            and all(files.unchanged() for files in self.files)
            and _location(store, ledger.connection, self.asked) == self.standing.location
            and (ledger.heads == self.standing.heads or self._stands(store, ledger.connection))
        )

    def _stands(self, store: SqlAlchemyStore, connection: Connection) -> bool:
        workspace = store._get_active_workspace()
        now = _standing(store, connection, self.asked, self.section, self.decision.subject)
        return now == self.standing and (
            not self.subjects
            or registry.newest_ids(connection, workspace, self.subjects, self.section.checks)
            == tuple(sorted(self.evidence_ids))
        )


def hear(
    store: SqlAlchemyStore,
    transactions: OneTransaction,
    policy: Policy | NoPolicy,
    section: Section,
    asked: Asked,
) -> Hearing | None:
    """The decision as of now, by the policy's section for the target; None for a prompt's version.

    MlflowException where there is no such version.
    """
    hold_storable(name=asked.model, source=asked.source)
    now = datetime.now(UTC)
    name, target, workspace = asked.model, asked.target.name, store._get_active_workspace()
    with transactions.reading() as connection:
        standing = _standing(store, connection, asked, section, "")
    if standing.location is None:
        return None
    # No connection is held while files are read, which may take minutes.
    try:
        candidate = look_at(standing.location)
    except ModelError as problem:
        decision = registry.refuse(policy, name, target, "", str(problem), now)
        return Hearing(asked, decision, standing, policy, section)
    incumbent, compared = _incumbent(standing) if section.compares else (None, ())
    subjects = (candidate.digest, *([incumbent.subject] if incumbent and incumbent.subject else []))
    with transactions.reading() as connection:
        found = registry.newest(connection, workspace, subjects, section.checks)
        revoked = registry.revocations(connection, [number for number, one in found.items() if one is None])
        approved = _approved(connection, workspace, asked, standing.version, section, candidate.digest)
        before = None
        revocable = (connection, workspace, candidate.digest, section.checks)
        if section.rollback and not registry.is_revoked(*revocable):
            place, there = (workspace, name, asked.target.kind, target), versions_of(store, connection, name)
            before = registry.previous_promotion(connection, *place, there=there)
    attestations = [attestation for attestation in found.values() if attestation is not None]
    decision = registry.decide(
        policy, name, target, candidate.digest, attestations, incumbent, now, approved, revoked, asked.uri
    )
    if before and not decision.allowed and _same(before, standing, candidate):
        decision = registry.roll_back(decision)
    standing = replace(standing, approved=approved)
    return Hearing(asked, decision, standing, policy, section, (candidate, *compared), subjects, tuple(found))


def _same(before: Promotion, standing: Standing, candidate: ModelFiles) -> bool:
    return (before.version, before.subject) == (standing.version, candidate.digest)


def source_location(store: SqlAlchemyStore, source: str) -> str:
    """Where the files of a new version will be, as MLflow finds it when it makes one."""
    if not source.startswith(MODELS):
        return source
    origin = _parse_model_uri(source)
    if origin.model_id is not None:
        return str(MlflowClient().get_logged_model(origin.model_id).artifact_location)
    return str(store.get_model_version_download_uri(origin.name, origin.version))


def _location(store: SqlAlchemyStore, connection: Connection, asked: Asked) -> str | None:
    """Where the files are; None for a prompt."""
    if asked.version:
        return location_of(store, connection, version_of(store, connection, asked.model, asked.version))
    return source_location(store, asked.source)


def _standing(
    store: SqlAlchemyStore, connection: Connection, asked: Asked, section: Section, subject: str
) -> Standing:
    workspace, target = store._get_active_workspace(), asked.target
    if asked.version:
        row, holder, last, heads = version_and_holder(store, connection, asked.model, asked.version, target)
        version, location = int(row.version), location_of(store, connection, row)
    else:
        heads = tuple(connection.scalars(registry.HEADS))
        version, location = 0, source_location(store, asked.source)
        holder = newest_version(store, connection, asked.model)
        last = registry.last_promotion(connection, workspace, asked.model, target.kind, target.name)
    approved = (
        _approved(connection, workspace, asked, version, section, subject) if subject else registry.NOBODY
    )
    known = holder is not None and (
        (last is not None and last.version == holder.version)
        or registry.was_given(connection, workspace, asked.model, target.kind, target.name, holder.version)
    )
    return Standing(version, location, holder, last, known, approved, heads)


def _approved(
    connection: Connection, workspace: str, asked: Asked, version: int, section: Section, subject: str
) -> Approved:
    if section.approvals is None:
        return registry.NOBODY
    users = registry.approvers(connection, workspace, asked.model, asked.target.name, subject)
    # Whoever copies files into a model registers them there.
    registrant = registry.registrant(connection, workspace, asked.model, version) if version else author()
    submitters = registry.submitters(connection, workspace, subject)
    return Approved(users, None if registrant is None else submitters | {registrant})


def _incumbent(standing: Standing) -> tuple[Incumbent | None, tuple[ModelFiles, ...]]:
    holder, last = standing.holder, standing.last
    if last is not None and (holder is None or holder.location is None or standing.holder_is_known):
        # What was promoted last is known from that decision, even where its files are gone, it was withdrawn,
        # or a prompt took its place: none of this lowers the bar.
        return Incumbent(str(last.version), last.subject), ()
    if holder is None or holder.location is None:
        return None, ()
    try:
        files = look_at(holder.location)
    except ModelError:
        return Incumbent(str(holder.version), ""), ()
    return Incumbent(str(holder.version), files.digest), (files,)

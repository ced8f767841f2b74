"""A promotion's hearing: decided before the lock is taken, and binding if nothing has changed once it is."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy.orm import Session

from mlflow_prod import registry
from mlflow_prod.errors import ModelError
from mlflow_prod.plugins.holders import Holder, Target, holder_of, location_of
from mlflow_prod.plugins.model_files import ModelFiles, look_at
from mlflow_prod.registry import Decision, Incumbent, NoPolicy, Policy, Promotion


@dataclass(frozen=True)
class Standing:
    """What the registry's tables say about a promotion."""

    version: int
    location: str | None
    holder: Holder | None
    last: Promotion | None


@dataclass(frozen=True)
class Hearing:
    """A decision on a version, and everything it rests on."""

    decision: Decision
    standing: Standing
    policy: Policy | NoPolicy
    files: tuple[ModelFiles, ...]
    subjects: tuple[str, ...]
    evidence_ids: tuple[int, ...]

    def moves_others(self, target: Target) -> bool:
        """Whether more may change than that an alias moves: then the store looks at who held what before."""
        return target.kind == "stage" or self.policy.archives(self.decision.model, target.name)

    def replaced(self) -> tuple[int, ...]:
        """The version that loses an alias by this promotion, if it is allowed and there is one.

        An alias in another case is another alias to most databases, and stays where it is.
        """
        holder = self.standing.holder
        if not self.decision.allowed or holder is None or holder.version == self.standing.version:
            return ()
        return (holder.version,) if holder.target == self.decision.target else ()

    def refusal(self, target: Target) -> str:
        """What is told to whoever asked: every reason, and that a holder keeps what it holds."""
        version, holder = self.standing.version, self.standing.holder
        said = f"Version {version} of {self.decision}"
        return f"{said}\nIt keeps {target.name}." if holder and holder.version == version else said

    def binds(
        self, store: SqlAlchemyStore, session: Session, policy: Policy | NoPolicy, target: Target
    ) -> bool:
        """Whether all it rests on is as it was; quick, reads no file's content."""
        workspace = store._get_active_workspace()
        return (
            policy == self.policy
            and _standing(store, session, self.decision.model, str(self.standing.version), target)
            == self.standing
            and registry.newest_ids(session, workspace, self.subjects) == self.evidence_ids
            and all(files.unchanged() for files in self.files)
        )


def hear(
    store: SqlAlchemyStore, policy: Policy | NoPolicy, name: str, version: str, target: Target
) -> Hearing | None:
    """The decision as of now; None for a prompt's version. MlflowException where there is no such version."""
    now = datetime.now(UTC)
    with store.ManagedSessionMaker(read_only=False) as session:
        standing = _standing(store, session, name, version, target)
    if standing.location is None:
        return None
    try:
        candidate = look_at(standing.location)
    except ModelError as problem:
        decision = registry.refuse(policy, name, target.name, "", str(problem), now)
        return Hearing(decision, standing, policy, (), (), ())
    compares = policy.compares(name, target.name)
    incumbent, compared = _incumbent(standing) if compares else (None, ())
    subjects = (candidate.digest, *([incumbent.subject] if incumbent and incumbent.subject else []))
    with store.ManagedSessionMaker(read_only=False) as session:
        ids = registry.newest_ids(session, store._get_active_workspace(), subjects)
        attestations = registry.evidence_with(session, ids)
    decision = registry.decide(policy, name, target.name, candidate.digest, attestations, incumbent, now)
    return Hearing(decision, standing, policy, (candidate, *compared), subjects, ids)


def _standing(store: SqlAlchemyStore, session: Session, name: str, version: str, target: Target) -> Standing:
    row = store._get_sql_model_version(session, name, version)
    workspace = store._get_active_workspace()
    return Standing(
        row.version,
        location_of(row),
        holder_of(store, session, name, target),
        registry.last_promotion(session, workspace, name, target.kind, target.name),
    )


def _incumbent(standing: Standing) -> tuple[Incumbent | None, tuple[ModelFiles, ...]]:
    holder, last = standing.holder, standing.last
    if last is not None and (holder is None or holder.version == last.version):
        # What was promoted is known from that decision, even where its files are gone.
        return Incumbent(str(last.version), last.subject), ()
    if holder is None or holder.location is None:
        return None, ()
    try:
        files = look_at(holder.location)
    except ModelError:
        return Incumbent(str(holder.version), ""), ()
    return Incumbent(str(holder.version), files.digest), (files,)

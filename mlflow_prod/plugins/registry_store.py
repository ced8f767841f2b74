"""The registry store behind `gated:`: MLflow's own, which promotes nothing without evidence.

Held by the gate: aliases and stages that the policy protects, however they are set. Closed ways round:

- Tags of versions that start with `mlflow_prod.` can be neither set nor deleted, nor handed in with a new
  version. `mlflow_prod.evidence` takes evidence in; a copy may carry its source's: the files are the same.
- A model cannot be renamed while a version of it holds a target that is protected under either name.
- A target can be taken from its holder at any time (alias, version or model deleted, stage left), so that a
  bad model is withdrawn at once; the next candidate is still compared with whoever was promoted last.
- A version counts as a prompt, and is left alone, only where its source is MLflow's placeholder for prompts
  and its registered model is tagged as a prompt.

Open: whoever can write to the database, and files swapped after the decision.
"""

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from urllib.parse import urlparse

import flask
from mlflow.entities.model_registry import ModelVersion, ModelVersionTag, RegisteredModel
from mlflow.entities.model_registry.model_version_stages import get_canonical_stage
from mlflow.environment_variables import MLFLOW_ENABLE_WORKSPACES
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, PERMISSION_DENIED
from mlflow.store.artifact.utils.models import _parse_model_uri
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from sqlalchemy.orm import Session

from mlflow_prod import registry
from mlflow_prod.errors import EvidenceError
from mlflow_prod.plugins import intake
from mlflow_prod.plugins.hearing import Hearing, Standing, hear
from mlflow_prod.plugins.holders import Target, held_targets, location_of
from mlflow_prod.plugins.one_transaction import OneTransaction, SessionMaker, database_faults_told
from mlflow_prod.registry import PolicyFile

SCHEME = "gated:"
RESERVED = "mlflow_prod."
EVIDENCE_KEY = "mlflow_prod.evidence"
# Set by `mlflow server --read-replica-backend-store-uri` for its workers.
READ_REPLICA = "_MLFLOW_SERVER_READ_REPLICA_BACKEND_STORE"
ATTEMPTS = 5
Moved = TypeVar("Moved")


class GatedStore(SqlAlchemyStore):
    """MLflow's store; a protected target is given only if the gate allows it, and evidence is taken in."""

    def __init__(self, db_uri: str, read_db_uri: str | None = None) -> None:
        super().__init__(db_uri, read_db_uri=read_db_uri)
        registry.upgrade(self.engine)
        self._transactions = OneTransaction(self.ManagedSessionMaker)
        self.ManagedSessionMaker: SessionMaker = self._transactions
        self._policy_file = PolicyFile()

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """As MLflow's; PERMISSION_DENIED with every reason where the gate refuses."""
        move = partial(super().set_registered_model_alias, name, alias, version)
        self._promote(name, version, Target("alias", alias), move)

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool
    ) -> ModelVersion:
        """As MLflow's; PERMISSION_DENIED with every reason where the gate refuses."""
        move = partial(
            super().transition_model_version_stage, name, version, stage, archive_existing_versions
        )
        return self._promote(name, version, Target("stage", get_canonical_stage(stage)), move)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """As MLflow's; what was protected goes into the ledger as withdrawn."""
        self._withdrawing(name, partial(super().delete_registered_model_alias, name, alias))

    def delete_model_version(self, name: str, version: str) -> None:
        """As MLflow's; what the version held under protection goes into the ledger as withdrawn."""
        self._withdrawing(name, partial(super().delete_model_version, name, version))

    def delete_registered_model(self, name: str) -> None:
        """As MLflow's; what its versions held under protection goes into the ledger as withdrawn."""
        self._withdrawing(name, partial(super().delete_registered_model, name))

    def set_model_version_tag(self, name: str, version: str, tag: ModelVersionTag) -> None:
        """As MLflow's; evidence goes to the ledger and leaves a short tag; the rest is reserved."""
        if not _is_reserved(tag.key):
            return super().set_model_version_tag(name, version, tag)
        if tag.key != EVIDENCE_KEY:
            raise _denied(f"The tag {tag.key!r} is reserved: the gate sets what starts with {RESERVED!r}.")
        return self._take_in(name, version, tag.value)

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """As MLflow's; reserved tags stay."""
        if _is_reserved(key):
            raise _denied(f"The tag {key!r} is reserved: what the ledger holds cannot be deleted.")
        super().delete_model_version_tag(name, version, key)

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: list[ModelVersionTag] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        local_model_path: str | None = None,
        model_id: str | None = None,
    ) -> ModelVersion:
        """As MLflow's; reserved tags come along only in a copy of a version that bears the same."""
        reserved = {tag.key: tag.value for tag in tags or [] if _is_reserved(tag.key)}
        if reserved and reserved != self._reserved_tags(source):
            raise _denied(
                f"A new version cannot bring the tag {next(iter(reserved))!r} along: the gate sets what "
                f"starts with {RESERVED!r}. Submit evidence once the version exists."
            )
        return super().create_model_version(
            name, source, run_id, tags, run_link, description, local_model_path, model_id
        )

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """As MLflow's; refused while a version holds a target that is protected under either name."""
        with self._transactions.locked(self._get_active_workspace(), name) as session:
            policy = self._policy_file.read()
            for target, version in held_targets(self, session, name):
                if policy.protects(name, target.name) or policy.protects(new_name, target.name):
                    raise _denied(
                        f"{name} cannot be renamed to {new_name}: its version {version} holds {target.name}, "
                        f"which is protected. Take {target} from it first, and promote under the new name."
                    )
            return super().rename_registered_model(name, new_name)

    @database_faults_told()
    def _promote(self, name: str, version: str, target: Target, move: Callable[[], Moved]) -> Moved:
        if not self._policy_file.read().protects(name, target.name):
            return self._withdrawing(name, move) if target.kind == "stage" else move()
        for _ in range(ATTEMPTS):
            hearing = hear(self, self._policy_file.read(), name, version, target)
            if hearing is None:
                return move()
            with self._transactions.locked(self._get_active_workspace(), name) as session:
                if not hearing.binds(self, session, self._policy_file.read(), target):
                    continue
                self._write(session, hearing, target)
                if hearing.decision.allowed and not hearing.moves_others(target):
                    return move()
                if hearing.decision.allowed:
                    with self._watched(session, name):
                        moved = move()
                        if hearing.policy.archives(name, target.name):
                            self._archive(session, name, hearing.standing, target)
                        return moved
            # Raised outside of the transaction, which would otherwise take the written refusal back.
            raise _denied(hearing.refusal(target))
        raise _denied(
            f"Version {version} of {name} to {target.name}: refused, its files, its evidence, the incumbent "
            f"or the policy changed {ATTEMPTS} times while they were looked at. Ask again when they rest."
        )

    def _write(self, session: Session, hearing: Hearing, target: Target) -> None:
        registry.add_decision(
            session,
            self._get_active_workspace(),
            hearing.standing.version,
            target.kind,
            hearing.decision,
            hearing.evidence_ids,
            _author(),
            withdrawn=() if hearing.moves_others(target) else hearing.replaced(),
        )

    def _archive(self, session: Session, name: str, standing: Standing, target: Target) -> None:
        """Moves whoever held the target to the stage Archived, in the transaction of the promotion."""
        holders = {standing.holder.version} if standing.holder else set()
        if target.kind == "stage":
            holders |= {held for other, held in held_targets(self, session, name) if other == target}
        for version in holders - {standing.version}:
            super().transition_model_version_stage(name, str(version), "Archived", False)

    @database_faults_told()
    def _withdrawing(self, name: str, move: Callable[[], Moved]) -> Moved:
        with (
            self._transactions.locked(self._get_active_workspace(), name) as session,
            self._watched(session, name),
        ):
            return move()

    @contextmanager
    def _watched(self, session: Session, name: str) -> Iterator[None]:
        """Writes down which versions lose a protected target in the block."""
        before = held_targets(self, session, name)
        yield
        session.flush()
        policy, after = self._policy_file.read(), held_targets(self, session, name)
        for target, version in before:
            if (target, version) not in after and policy.protects(name, target.name):
                registry.add_withdrawal(
                    session,
                    self._get_active_workspace(),
                    name,
                    version,
                    target.kind,
                    target.name,
                    _author(),
                    datetime.now(UTC),
                )

    @database_faults_told()
    def _take_in(self, name: str, version: str, envelope: str) -> None:
        workspace = self._get_active_workspace()
        try:
            for _ in range(ATTEMPTS):
                signers = self._policy_file.read().signers
                attestations, files = intake.examine(self, name, version, envelope, signers)
                with self._transactions.locked(workspace, name) as session:
                    row = self._get_sql_model_version(session, name, version)
                    if location_of(row) != files.location or not files.unchanged():
                        continue
                    now = datetime.now(UTC)
                    registry.add_evidence(
                        session, workspace, name, row.version, attestations, signers, _author(), now
                    )
                    newest = registry.newest_ids(session, workspace, [files.digest])
                    told = intake.summary(registry.evidence_with(session, newest), signers)
                    super().set_model_version_tag(name, version, ModelVersionTag(EVIDENCE_KEY, told))
                return
            raise EvidenceError(f"the files of {name} version {version} change while they are looked at")
        except EvidenceError as problem:
            raise MlflowException(str(problem), INVALID_PARAMETER_VALUE) from problem

    def _reserved_tags(self, source: str) -> dict[str, str]:
        if urlparse(source).scheme != "models":
            return {}
        origin = _parse_model_uri(source)
        if origin.name is None or origin.version is None:
            return {}
        tags = self.get_model_version(origin.name, origin.version).tags
        return {key: value for key, value in tags.items() if _is_reserved(key)}


class GatedWorkspaceStore(GatedStore, WorkspaceAwareSqlAlchemyStore):
    """The same where workspaces are switched on."""


def build(store_uri: str, tracking_uri: str | None = None) -> SqlAlchemyStore:
    """The store for `gated:` and a database URI, such as `gated:sqlite:///mlflow.db`; called by MLflow."""
    kind = GatedWorkspaceStore if MLFLOW_ENABLE_WORKSPACES.get() else GatedStore
    return kind(store_uri.removeprefix(SCHEME), read_db_uri=os.environ.get(READ_REPLICA))


def _is_reserved(key: str) -> bool:
    return key.lower().startswith(RESERVED)


def _denied(message: str) -> MlflowException:
    return MlflowException(message, PERMISSION_DENIED)


def _author() -> str:
    user = flask.g.get("mlflow_authenticated_user") if flask.has_request_context() else None
    return user or getpass.getuser()

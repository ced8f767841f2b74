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

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

from mlflow.entities.model_registry import ModelVersion, ModelVersionTag, RegisteredModel
from mlflow.entities.model_registry.model_version_stages import (
    DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS,
    STAGE_ARCHIVED,
    get_canonical_stage,
)
from mlflow.environment_variables import MLFLOW_ENABLE_WORKSPACES
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST
from mlflow.store.artifact.utils.models import _parse_model_uri
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.utils.validation import (
    _validate_model_alias_name,
    _validate_model_alias_name_reserved,
    _validate_model_name,
    _validate_model_version,
)

from mlflow_prod import registry
from mlflow_prod.evidence import CHECK_ALIAS, DECISION_TAG, EVIDENCE_TAG, MODELS, PREVIOUS_ALIAS, RESERVED
from mlflow_prod.plugins.author import author
from mlflow_prod.plugins.hearing import Asked
from mlflow_prod.plugins.holders import (
    A_NEW_VERSION,
    LAST_VERSION,
    Target,
    held_targets,
    hold_storable,
    is_prompt,
    number_of,
    versions_of,
)
from mlflow_prod.plugins.intake import Intake
from mlflow_prod.plugins.one_transaction import OneTransaction, SessionMaker
from mlflow_prod.plugins.promotions import Promotions, denied
from mlflow_prod.registry import Entry, Ledger, PolicyFile, alike, spelt

SCHEME = "gated:"
# Set by `mlflow server --read-replica-backend-store-uri` for its workers.
READ_REPLICA = "_MLFLOW_SERVER_READ_REPLICA_BACKEND_STORE"


class GatedStore(SqlAlchemyStore):
    """MLflow's store; a protected target is given only if the gate allows it, and evidence is taken in."""

    def __init__(self, db_uri: str, read_db_uri: str | None = None) -> None:
        super().__init__(db_uri, read_db_uri=read_db_uri)
        registry.upgrade(self.engine)
        self._transactions = OneTransaction(self.ManagedSessionMaker, self.engine)
        self.ManagedSessionMaker: SessionMaker = self._transactions
        self._policy_file = PolicyFile()
        archive = partial(super().transition_model_version_stage, stage=STAGE_ARCHIVED,
                          archive_existing_versions=False)  # fmt: skip
        self._promotions = Promotions(self, self._transactions, self._policy_file, archive)
        self._intake = Intake(
            self,
            self._transactions,
            self._policy_file,
            self._promotions,
            super().set_model_version_tag,
            self._give,
        )

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """As MLflow's; PERMISSION_DENIED with every reason where the gate refuses."""
        # As MLflow does, and before any database is asked about what it cannot keep.
        _validate_model_name(name)
        _hold_alias(alias)
        move = partial(super().set_registered_model_alias, name, alias, version)
        self._promotions.promote(Asked(name, Target("alias", alias), version), move)

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool
    ) -> ModelVersion:
        """As MLflow's; PERMISSION_DENIED with every reason where the gate refuses."""
        # In MLflow's order, which tells of a wrong stage first.
        target = Target("stage", get_canonical_stage(stage))
        archive = archive_existing_versions and not self._keeps(name, target.name)
        move = partial(super().transition_model_version_stage, name, _number(version), stage, archive)
        return self._promotions.promote(Asked(name, target, version), move)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """As MLflow's; what was protected goes into the ledger as withdrawn."""
        self._promotions.withdrawing(name, partial(super().delete_registered_model_alias, name, alias))

    def delete_model_version(self, name: str, version: str) -> None:
        """As MLflow's; what the version held under protection goes into the ledger as withdrawn."""
        # What is no number is told before a session, which would make another error of it.
        _validate_model_version(version)
        self._promotions.withdrawing(name, partial(super().delete_model_version, name, version))

    def delete_registered_model(self, name: str) -> None:
        """As MLflow's; what its versions held under protection goes into the ledger as withdrawn."""
        self._promotions.withdrawing(name, partial(super().delete_registered_model, name))

    def set_model_version_tag(self, name: str, version: str, tag: ModelVersionTag) -> None:
        """As MLflow's; what reserved tags bring goes to the ledger and leaves a short tag."""
        if _is_reserved(tag.key):
            self._intake.take(name, version, tag)
        else:
            super().set_model_version_tag(name, version, tag)

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """As MLflow's; reserved tags stay."""
        if _is_reserved(key):
            raise denied(f"The tag {key!r} is reserved: what the ledger holds cannot be deleted.")
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
        """As MLflow's; a promotion where the policy protects every version of the model.

        Reserved tags come along only in a copy of a version that bears the same, and of them only the summary
        of its evidence stays: a copy was neither promoted nor approved.
        """
        reserved = {tag.key for tag in tags or [] if _is_reserved(tag.key)}
        if reserved:
            origin = self._reserved_tags(source)
            if foreign := reserved - set(origin):
                raise denied(
                    f"A new version cannot bring the tag {min(foreign)!r} along: the gate sets what starts "
                    f"with {RESERVED!r}. Submit evidence once the version exists."
                )
            tags = [tag for tag in tags or [] if tag.key not in reserved]
            tags += [ModelVersionTag(key, text) for key, text in origin.items() if key == EVIDENCE_TAG]
        create = partial(
            super().create_model_version,
            name,
            source,
            run_id,
            tags,
            run_link,
            description,
            local_model_path,
            model_id,
        )
        with self._transactions.reading() as connection:
            prompt = is_prompt(self, connection, name, source)
        return create() if prompt else self._promotions.register(name, source, create)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """As MLflow's; two names that no alias can have are questions to the gate.

        `mlflow_prod.check.VERSION.TARGET`: the version, with what the gate would decide as JSON in the tag
        `mlflow_prod.decision`. TARGET: a stage, an alias, or `models:/NAME` for a copy into another model.
        `mlflow_prod.previous.TARGET`: the version that a rollback would bring back.
        """
        if alias and alias.startswith(CHECK_ALIAS):
            version, _, target = alias.removeprefix(CHECK_ALIAS).partition(".")
            if not target:
                raise MlflowException(f"{alias} names no target after the version", INVALID_PARAMETER_VALUE)
            return self._checked(name, version, target)
        if alias and alias.startswith(PREVIOUS_ALIAS):
            return self._previous(name, Target.parse(alias.removeprefix(PREVIOUS_ALIAS)))
        return super().get_model_version_by_alias(name, alias)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """As MLflow's; refused while a version holds a target that is protected under either name."""
        with self._transactions.locked() as (session, ledger):
            policy = self._policy_file.read()
            # Before, and after: aliases that nobody protects are set without the ledger's lock.
            self._hold_nothing(ledger, name, (name, new_name))
            renamed = super().rename_registered_model(name, new_name)
            session.flush()
            self._hold_nothing(ledger, new_name, (name, new_name))
            if policy.asks_approval(new_name):
                # Whoever registered versions under that name did not register these.
                entry = Entry(
                    registry.RENAMING, new_name, registry.EVERY, "model", A_NEW_VERSION.name, note=name
                )
                workspace = self._get_active_workspace()
                registry.add_entry(ledger, workspace, entry, author(), datetime.now(UTC))
            return renamed

    def _hold_nothing(self, ledger: Ledger, holder: str, names: tuple[str, str]) -> None:
        policy, (name, new_name) = self._policy_file.read(), names
        if policy.section(new_name, A_NEW_VERSION.name) and versions_of(self, ledger.connection, holder):
            raise denied(
                f"{name} cannot be renamed to {new_name}, whose versions are protected: copy them into it "
                f"one by one."
            )
        for target, version in held_targets(self, ledger.connection, holder):
            if policy.section(name, target.name) or policy.section(new_name, target.name):
                raise denied(
                    f"{name} cannot be renamed to {new_name}: its version {version} holds {target.name}, "
                    f"which is protected. Take {target} from it first, and promote under the new name."
                )

    def _give(self, name: str, version: str, target: Target) -> None:
        if target.kind == "stage":
            archive = target.name in DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS
            archive = archive and not self._keeps(name, target.name)
            super().transition_model_version_stage(name, number_of(name, version), target.name, archive)
        else:
            super().set_registered_model_alias(name, target.name, version)

    def _keeps(self, name: str, stage: str) -> bool:
        section = self._policy_file.read().section(name, stage)
        return section is not None and section.keeps

    def _checked(self, name: str, version: str, target: str) -> ModelVersion:
        number = number_of(name, version)
        found = self.get_model_version(name, str(number))
        if target.startswith(MODELS):
            asked = Asked(target.removeprefix(MODELS), A_NEW_VERSION, source=f"{MODELS}{name}/{version}")
        else:
            asked = Asked(name, Target.parse(target), version)
            if asked.target.kind == "alias":
                _hold_alias(target)
        decision = asdict(self._promotions.check(asked))
        said = json.dumps(decision | {"version": number, "at": decision["at"].isoformat()})
        found.tags[DECISION_TAG] = said
        return found

    def _previous(self, name: str, target: Target) -> ModelVersion:
        hold_storable(name=name)
        if target.kind == "alias":
            _hold_alias(target.name)
        with self._transactions.reading() as connection:
            place = (self._get_active_workspace(), name, target.kind, target.name)
            before = registry.previous_promotion(
                connection, *place, there=versions_of(self, connection, name)
            )
        if before is None:
            raise MlflowException(
                f"No version of {name} held {target} before the last one.", RESOURCE_DOES_NOT_EXIST
            )
        return self.get_model_version(name, str(before.version))

    def _reserved_tags(self, source: str) -> dict[str, str]:
        if not source.startswith(MODELS):
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


def _is_reserved(key: str | None) -> bool:
    # A key that is missing is told by MLflow.
    return key is not None and alike(spelt(key)[: len(RESERVED)], RESERVED)


def _hold_alias(alias: str) -> None:
    _validate_model_alias_name(alias)
    _validate_model_alias_name_reserved(alias)


def _number(version: str) -> str | int:
    # PostgreSQL compares no number with a text, which MLflow does where it archives others. What is none, or
    # too large, MLflow tells itself.
    text = str(version)
    return int(text) if text.isdecimal() and len(text) <= len(str(LAST_VERSION)) else version

"""Who holds a target, as the registry's tables have it."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mlflow.entities.model_registry.model_version_stages import (
    ALL_STAGES,
    DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS,
    STAGE_DELETED_INTERNAL,
)
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.store.model_registry.dbmodels.models import (
    SqlModelVersion,
    SqlRegisteredModelAlias,
    SqlRegisteredModelTag,
)
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mlflow_prod.registry import NEW_VERSION

# MLflow's placeholders for the source of a prompt.
PROMPT_SOURCES = frozenset({"prompt-template", "dummy-source"})
MODELS = "models:/"


@dataclass(frozen=True)
class Target:
    """What a promotion asks for: a stage, an alias, or to be a version of a model (NEW_VERSION)."""

    kind: Literal["stage", "alias", "model"]
    name: str

    @classmethod
    def parse(cls, text: str) -> "Target":
        """A stage's name in any case means the stage, anything else an alias."""
        stages = {stage.lower(): stage for stage in ALL_STAGES}
        stage = stages.get(text.lower())
        return cls("stage", stage) if stage else cls("alias", text)

    def __str__(self) -> str:
        return self.name or "a new version"


A_NEW_VERSION = Target("model", NEW_VERSION)


class VersionRow(Protocol):
    """What is read of a version: MLflow's own row, or its columns."""

    name: Any
    version: Any
    source: Any
    storage_location: Any


@dataclass(frozen=True)
class Holder:
    """The version that holds a target, where its files are, and how the target is spelt there."""

    version: int
    location: str | None
    target: str


def version_of(store: SqlAlchemyStore, session: Session, name: str, version: str) -> VersionRow:
    """The version's columns; MLflow's own error where there is no such version."""
    if str(version).isdecimal():
        query = _versions(store, name).where(
            SqlModelVersion.version == int(version), SqlModelVersion.current_stage != STAGE_DELETED_INTERNAL
        )
        # Columns: MLflow's entity would cost several times as much, at each promotion twice.
        if (row := session.execute(query).one_or_none()) is not None:
            return row
    found: VersionRow = store._get_sql_model_version(session, name, version)
    return found


def location_of(store: SqlAlchemyStore, session: Session, version: VersionRow) -> str | None:
    """Where the files of a version are; None for a prompt, which has none."""
    if is_prompt(store, session, version.name, version.source):
        return None
    return str(version.storage_location or version.source or "")


def is_prompt(store: SqlAlchemyStore, session: Session, name: str, source: str | None) -> bool:
    """Whether a version with this source is a prompt.

    It is known by both, its placeholder and the tag of its registered model: either alone could be set on a
    model to slip past the gate.
    """
    if source not in PROMPT_SOURCES:
        return False
    tag = select(SqlRegisteredModelTag.value).where(
        SqlRegisteredModelTag.name == name,
        SqlRegisteredModelTag.key == IS_PROMPT_TAG_KEY,
        *store._get_workspace_clauses(SqlRegisteredModelTag),
    )
    return str(session.scalar(tag)).lower() == "true"


def holder_of(store: SqlAlchemyStore, session: Session, model: str, target: Target) -> Holder | None:
    """The holder now: of several in a stage, the highest version; of an alias in several cases, the one spelt
    as asked for comes first; of a model, its newest version. None where there is none.
    """
    versions = _versions(store, model)
    if target.kind == "alias":
        held = versions.add_columns(SqlRegisteredModelAlias.alias).join(
            SqlRegisteredModelAlias,
            (SqlRegisteredModelAlias.workspace == SqlModelVersion.workspace)
            & (SqlRegisteredModelAlias.name == SqlModelVersion.name)
            & (SqlRegisteredModelAlias.version == SqlModelVersion.version),
        )
        spelt = held.where(func.lower(SqlRegisteredModelAlias.alias) == target.name.lower())
        rows = sorted(session.execute(spelt), key=lambda row: (row.alias != target.name, row.alias))
        row, name = (rows[0], rows[0].alias) if rows else (None, "")
    else:
        in_stage = (SqlModelVersion.current_stage == target.name) if target.kind == "stage" else (
            SqlModelVersion.current_stage != STAGE_DELETED_INTERNAL
        )  # fmt: skip
        newest = versions.where(in_stage).order_by(SqlModelVersion.version.desc()).limit(1)
        row, name = session.execute(newest).one_or_none(), target.name
    return None if row is None else Holder(row.version, location_of(store, session, row), name)


def held_targets(store: SqlAlchemyStore, session: Session, model: str) -> list[tuple[Target, int]]:
    """(stage or alias, version) of everything that the versions of `model` hold; prompts hold nothing."""
    rows = session.execute(_versions(store, model).add_columns(SqlModelVersion.current_stage)).all()
    models = {row.version for row in rows if location_of(store, session, row) is not None}
    aliases = select(SqlRegisteredModelAlias.alias, SqlRegisteredModelAlias.version).where(
        SqlRegisteredModelAlias.name == model, *store._get_workspace_clauses(SqlRegisteredModelAlias)
    )
    held = [
        (Target("stage", row.current_stage), row.version)
        for row in rows
        if row.version in models and row.current_stage in DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS
    ]
    return held + [
        (Target("alias", row.alias), row.version) for row in session.execute(aliases) if row.version in models
    ]


def versions_of(store: SqlAlchemyStore, session: Session, model: str) -> list[int]:
    """The numbers of the versions of `model` that are models; none of prompts."""
    rows = session.execute(_versions(store, model)).all()
    return [row.version for row in rows if location_of(store, session, row) is not None]


def _versions(store: SqlAlchemyStore, model: str) -> Any:
    return select(
        SqlModelVersion.name,
        SqlModelVersion.version,
        SqlModelVersion.source,
        SqlModelVersion.storage_location,
    ).where(SqlModelVersion.name == model, *store._get_workspace_clauses(SqlModelVersion))

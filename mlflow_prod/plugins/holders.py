"""Who holds a target, as the registry's tables have it."""

from dataclasses import dataclass
from typing import Literal

from mlflow.entities.model_registry.model_version_stages import DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.store.model_registry.dbmodels.models import SqlModelVersion, SqlRegisteredModelAlias
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import func
from sqlalchemy.orm import Session

# MLflow's placeholders for the source of a prompt.
PROMPT_SOURCES = frozenset({"prompt-template", "dummy-source"})


@dataclass(frozen=True)
class Target:
    """What a promotion asks for: a stage or an alias."""

    kind: Literal["stage", "alias"]
    name: str


@dataclass(frozen=True)
class Holder:
    """The version that holds a target, where its files are, and how the target is spelt there."""

    version: int
    location: str | None
    target: str


def location_of(version: SqlModelVersion) -> str | None:
    """Where the files of a version are; None for a prompt, which has none.

    A prompt is known by both, its placeholder and the tag of its registered model: either alone could be set
    on a model to slip past the gate.
    """
    # The source first: the tags cost two queries.
    if version.source in PROMPT_SOURCES:
        tags = {tag.key: tag.value for tag in version.registered_model.registered_model_tags}
        if str(tags.get(IS_PROMPT_TAG_KEY)).lower() == "true":
            return None
    return str(version.storage_location or version.source or "")


def holder_of(store: SqlAlchemyStore, session: Session, model: str, target: Target) -> Holder | None:
    """The holder now: of several in a stage, the highest version; of an alias in several cases, the one spelt
    as asked for comes first. None where there is none.
    """
    versions = store._get_query(session, SqlModelVersion).filter(SqlModelVersion.name == model)
    if target.kind == "stage":
        held = versions.filter(SqlModelVersion.current_stage == target.name)
        version, name = held.order_by(SqlModelVersion.version.desc()).first(), target.name
    else:
        aliases = store._get_query(session, SqlRegisteredModelAlias).filter(
            SqlRegisteredModelAlias.name == model,
            func.lower(SqlRegisteredModelAlias.alias) == target.name.lower(),
        )
        spelt = sorted(aliases, key=lambda alias: (alias.alias != target.name, alias.alias))
        version = versions.filter(SqlModelVersion.version == spelt[0].version).first() if spelt else None
        name = spelt[0].alias if spelt else ""
    return None if version is None else Holder(version.version, location_of(version), name)


def held_targets(store: SqlAlchemyStore, session: Session, model: str) -> list[tuple[Target, int]]:
    """(stage or alias, version) of everything that the versions of `model` hold; prompts hold nothing."""
    versions = store._get_query(session, SqlModelVersion).filter(SqlModelVersion.name == model).all()
    models = {version.version for version in versions if location_of(version) is not None}
    aliases = (
        store._get_query(session, SqlRegisteredModelAlias).filter(SqlRegisteredModelAlias.name == model).all()
    )
    held = [
        (Target("stage", version.current_stage), version.version)
        for version in versions
        if version.version in models and version.current_stage in DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS
    ]
    return held + [
        (Target("alias", alias.alias), alias.version) for alias in aliases if alias.version in models
    ]

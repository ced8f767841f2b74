"""Holders of protected targets, and versions of gated models, that the ledger does not know.

They came past the gate, or before it was there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from mlflow.entities.model_registry.model_version_stages import (
    DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS,
    STAGE_DELETED_INTERNAL,
)
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.store.model_registry.dbmodels.models import (
    SqlModelVersion,
    SqlRegisteredModelAlias,
    SqlRegisteredModelTag,
)
from mlflow.utils.workspace_utils import DEFAULT_WORKSPACE_NAME
from sqlalchemy import Connection, select

from mlflow_prod import registry
from mlflow_prod.plugins.holders import A_NEW_VERSION, PROMPT_SOURCES, Target
from mlflow_prod.registry import NoPolicy, Policy

_versions, _aliases = SqlModelVersion.__table__.c, SqlRegisteredModelAlias.__table__.c
_tags = SqlRegisteredModelTag.__table__.c
_VERSION = (_versions.workspace, _versions.name, _versions.version, _versions.source)
_STAGED = select(*_VERSION, _versions.current_stage).where(
    _versions.current_stage.in_(DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS)
)
_THERE = select(*_VERSION).where(_versions.current_stage != STAGE_DELETED_INTERNAL)
_ALIASED = select(*_VERSION, _aliases.alias).where(
    _aliases.workspace == _versions.workspace,
    _aliases.name == _versions.name,
    _aliases.version == _versions.version,
)
_PROMPTS = select(_tags.workspace, _tags.name, _tags.value).where(_tags.key == IS_PROMPT_TAG_KEY)


@dataclass(frozen=True)
class Stray:
    """A version that holds a protected target, or is in a gated model, and the ledger does not say so."""

    workspace: str
    model: str
    version: int
    target: Target

    def __str__(self) -> str:
        where = "" if self.workspace == DEFAULT_WORKSPACE_NAME else f", in the workspace {self.workspace},"
        if self.target == A_NEW_VERSION:
            return (
                f"version {self.version} of {self.model}{where} is protected as every version there, and the "
                f"ledger does not know how it came in: run mlflow-prod adopt {self.model}, or delete it"
            )
        return (
            f"version {self.version} of {self.model}{where} holds {self.target}, and the ledger does not "
            f"know how it came to it: run mlflow-prod adopt {self.model}, or take {self.target} from it"
        )


def strays(connection: Connection, policy: Policy | NoPolicy) -> list[Stray]:
    """Of each workspace, in order."""
    protects = cache(lambda model, target: policy.section(model, target) is not None)
    held = [one for one in _held(connection) if protects(one.model, one.target.name)]
    # At once, as there may be many, and after: who comes in meanwhile is known.
    inside = _inside(connection)
    found = [one for one in held if one not in inside and not _is_known(connection, one)]
    # Who lost a target while the ledger was read is none.
    still = set(_held(connection)) if found else set()
    return sorted(
        (one for one in found if one in still),
        key=lambda one: (one.workspace, one.model, one.version, one.target.name),
    )


def _inside(connection: Connection) -> frozenset[Stray]:
    known = registry.who_held(connection, A_NEW_VERSION.name, datetime.max.replace(tzinfo=UTC))
    return frozenset(Stray(one.workspace, one.model, one.version, A_NEW_VERSION) for one in known)


def _is_known(connection: Connection, held: Stray) -> bool:
    place = (held.workspace, held.model, held.target.kind, held.target.name)
    return registry.known_holding(connection, *place, held.version).holds


def _held(connection: Connection) -> Iterator[Stray]:
    prompts = {
        (workspace, name)
        for workspace, name, value in connection.execute(_PROMPTS)
        if str(value).lower() == "true"
    }
    rows = [(Target("stage", name), *place) for *place, name in connection.execute(_STAGED)]
    rows += [(Target("alias", name), *place) for *place, name in connection.execute(_ALIASED)]
    rows += [(A_NEW_VERSION, *place) for place in connection.execute(_THERE)]
    for target, workspace, model, version, source in rows:
        if not (source in PROMPT_SOURCES and (workspace, model) in prompts):
            yield Stray(workspace, model, version, target)

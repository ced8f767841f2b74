"""Protected targets whose holder the ledger does not know: given past the gate, or before it was there."""

from collections.abc import Iterator
from dataclasses import dataclass

from mlflow.entities.model_registry.model_version_stages import DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.store.model_registry.dbmodels.models import (
    SqlModelVersion,
    SqlRegisteredModelAlias,
    SqlRegisteredModelTag,
)
from mlflow.utils.workspace_utils import DEFAULT_WORKSPACE_NAME
from sqlalchemy import Connection, select

from mlflow_prod import registry
from mlflow_prod.plugins.holders import PROMPT_SOURCES, Target
from mlflow_prod.registry import NoPolicy, Policy

_versions, _aliases = SqlModelVersion.__table__.c, SqlRegisteredModelAlias.__table__.c
_tags = SqlRegisteredModelTag.__table__.c
_VERSION = (_versions.workspace, _versions.name, _versions.version, _versions.source)
_STAGED = select(*_VERSION, _versions.current_stage).where(
    _versions.current_stage.in_(DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS)
)
_ALIASED = select(*_VERSION, _aliases.alias).where(
    _aliases.workspace == _versions.workspace,
    _aliases.name == _versions.name,
    _aliases.version == _versions.version,
)
_PROMPTS = select(_tags.workspace, _tags.name, _tags.value).where(_tags.key == IS_PROMPT_TAG_KEY)


@dataclass(frozen=True)
class Stray:
    """A version that holds a protected target and of which the ledger does not say so."""

    workspace: str
    model: str
    version: int
    target: Target

    def __str__(self) -> str:
        where = "" if self.workspace == DEFAULT_WORKSPACE_NAME else f", in the workspace {self.workspace},"
        return (
            f"version {self.version} of {self.model}{where} holds {self.target}, and the ledger does not "
            f"know how it came to it: run mlflow-prod adopt {self.model}, or take {self.target} from it"
        )


def strays(connection: Connection, policy: Policy | NoPolicy) -> list[Stray]:
    """Of each workspace, in order."""
    found = [
        one
        for one in _held(connection)
        if policy.section(one.model, one.target.name) is not None and not _is_known(connection, one)
    ]
    # Who lost a target while the ledger was read is none.
    still = set(_held(connection)) if found else set()
    return sorted(
        (one for one in found if one in still),
        key=lambda one: (one.workspace, one.model, one.version, one.target.name),
    )


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
    for target, workspace, model, version, source in rows:
        if not (source in PROMPT_SOURCES and (workspace, model) in prompts):
            yield Stray(workspace, model, version, target)

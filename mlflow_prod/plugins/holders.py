"""Who holds a target, as the registry's tables have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mlflow.entities.model_registry.model_version_stages import (
    ALL_STAGES,
    DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS,
    STAGE_DELETED_INTERNAL,
)
from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST
from mlflow.store.model_registry.dbmodels.models import (
    SqlModelVersion,
    SqlRegisteredModelAlias,
    SqlRegisteredModelTag,
)
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.validation import _validate_model_name, _validate_model_version
from sqlalchemy import Connection, Select, bindparam, func, select, true

from mlflow_prod.errors import shown
from mlflow_prod.evidence import STORABLE, can_be_stored
from mlflow_prod.registry import HEAD_COLUMNS, LAST_PROMOTION, NEW_VERSION, Promotion

# MLflow's placeholders for the source of a prompt.
PROMPT_SOURCES = frozenset({"prompt-template", "dummy-source"})
# MLflow counts versions in 32 bits.
LAST_VERSION = 2**31 - 1


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
    """What is read of a version: columns, of its own row or of a joined one."""

    @property
    def name(self) -> Any: ...
    @property
    def version(self) -> Any: ...
    @property
    def source(self) -> Any: ...
    @property
    def storage_location(self) -> Any: ...


@dataclass(frozen=True)
class _Row:
    name: str
    version: int
    source: str | None
    storage_location: str | None


@dataclass(frozen=True)
class Holder:
    """The version that holds a target, where its files are, and how the target is spelt there.

    `twice`: whether it holds it in another spelling, too.
    """

    version: int
    location: str | None
    target: str
    twice: bool = False


def hold_storable(**texts: str) -> None:
    """INVALID_PARAMETER_VALUE for a text, by what it is, that some database cannot even be asked about."""
    for what, text in texts.items():
        if not can_be_stored(text):
            raise MlflowException(f"{what} must be {STORABLE}, got {shown(text)}", INVALID_PARAMETER_VALUE)


def number_of(name: str, version: str) -> int:
    """A version's number; MLflow's own errors where it is none, or more than a database can count."""
    number = int(_validate_model_version(version))
    if abs(number) > LAST_VERSION:
        raise _not_found(name, number)
    return number


def _not_found(name: str, number: int) -> MlflowException:
    return MlflowException(
        f"Model Version (name={name}, version={number}) not found", RESOURCE_DOES_NOT_EXIST
    )


def version_of(store: SqlAlchemyStore, connection: Connection, name: str, version: str) -> VersionRow:
    """The version's columns; MLflow's own errors where there is no such version, or no number."""
    place = {"workspace": store._get_active_workspace(), "model": name}
    number = number_of(name, version)
    row = connection.execute(_VERSION, {**place, "version": number}).one_or_none()
    if row is None:
        _validate_model_name(name)
        raise _not_found(name, number)
    found: VersionRow = row
    return found


def location_of(store: SqlAlchemyStore, connection: Connection, version: VersionRow) -> str | None:
    """Where the files of a version are; None for a prompt, which has none."""
    if is_prompt(store, connection, version.name, version.source):
        return None
    return str(version.storage_location or version.source or "")


def is_prompt(store: SqlAlchemyStore, connection: Connection, name: str, source: str | None) -> bool:
    """Whether a version with this source is a prompt.

    It is known by both, its placeholder and the tag of its registered model: either alone could be set on a
    model to slip past the gate.
    """
    return source in PROMPT_SOURCES and _holds_prompts(store, connection, name)


def _holds_prompts(store: SqlAlchemyStore, connection: Connection, name: str) -> bool:
    tags = SqlRegisteredModelTag.__table__.c
    workspace = store._get_active_workspace()
    place = (tags.workspace == workspace, tags.name == name, tags.key == IS_PROMPT_TAG_KEY)
    return str(connection.scalar(select(tags.value).where(*place))).lower() == "true"


def version_and_holder(
    store: SqlAlchemyStore, connection: Connection, model: str, version: str, target: Target
) -> tuple[VersionRow, Holder | None, Promotion | None, tuple[str, ...]]:
    """A version's columns, who holds a stage or alias now, what was promoted to it last, the ledger's heads.

    In one question. Of several in a stage the highest version; of an alias in several cases the one spelt as
    asked for comes first. MLflow's own error where there is no such version.
    """
    place = {"workspace": store._get_active_workspace(), "model": model, "kind": target.kind}
    place |= {"target": target.name.lower(), "stage": target.name}
    number = number_of(model, version)
    rows = connection.execute(_STANDING[target.kind], {**place, "version": number}).all()
    if not rows:
        # Says what is wrong.
        return version_of(store, connection, model, version), None, None, ()
    row = min(rows, key=lambda row: (row.held_alias != target.name, row.held_alias))
    holder = None
    if row.held_version is not None:
        held = _Row(model, row.held_version, row.held_source, row.held_storage_location)
        twice = sum(one.held_version == held.version for one in rows) > 1
        holder = Holder(held.version, location_of(store, connection, held), row.held_alias, twice)
    last = None if row.last_id is None else Promotion(row.last_id, row.last_version, row.last_subject)
    return row, holder, last, tuple(getattr(row, name) for name in HEAD_COLUMNS)


def newest_version(store: SqlAlchemyStore, connection: Connection, model: str) -> Holder | None:
    """The newest version of a model, which holds it as far as copies into it go; None where there is none."""
    rows = _models(store, connection, model)
    newest = max(rows, key=lambda row: row.version, default=None)
    return newest and Holder(newest.version, location_of(store, connection, newest), NEW_VERSION)


def held_targets(store: SqlAlchemyStore, connection: Connection, model: str) -> list[tuple[Target, int]]:
    """(stage or alias, version) of everything that the versions of `model` hold; prompts hold nothing."""
    place = {"workspace": store._get_active_workspace(), "model": model}
    rows = _models(store, connection, model)
    models = {row.version for row in rows}
    held = [
        (Target("stage", row.current_stage), row.version)
        for row in rows
        if row.current_stage in DEFAULT_STAGES_FOR_GET_LATEST_VERSIONS
    ]
    return held + [
        (Target("alias", row.alias), row.version)
        for row in connection.execute(_ALIASES, place)
        if row.version in models
    ]


def versions_of(store: SqlAlchemyStore, connection: Connection, model: str) -> list[int]:
    """The numbers of the versions of `model` that are models; none of prompts."""
    return [row.version for row in _models(store, connection, model)]


def _models(store: SqlAlchemyStore, connection: Connection, model: str) -> Sequence[Any]:
    rows = connection.execute(_ALL, {"workspace": store._get_active_workspace(), "model": model}).all()
    models = [row for row in rows if row.source not in PROMPT_SOURCES]
    # Asked once, as there may be thousands, and the ledger is locked.
    if len(models) < len(rows) and _holds_prompts(store, connection, model):
        return models
    return rows


# Made once, and of columns: statements made anew and MLflow's entities would cost several times as much.
_versions, _aliases = SqlModelVersion.__table__.c, SqlRegisteredModelAlias.__table__.c
_ALL = select(
    _versions.name,
    _versions.version,
    _versions.source,
    _versions.storage_location,
    _versions.current_stage,
).where(
    _versions.workspace == bindparam("workspace"),
    _versions.name == bindparam("model"),
    _versions.current_stage != STAGE_DELETED_INTERNAL,
)
_VERSION = _ALL.where(_versions.version == bindparam("version"))
_NEWEST = _ALL.order_by(_versions.version.desc()).limit(1)
_BY_STAGE = _NEWEST.where(_versions.current_stage == bindparam("stage")).add_columns(
    _versions.current_stage.label("alias")
)
_BY_ALIAS = _ALL.add_columns(_aliases.alias).where(
    _aliases.workspace == _versions.workspace,
    _aliases.name == _versions.name,
    _aliases.version == _versions.version,
    func.lower(_aliases.alias) == bindparam("target"),
)
_ALIASES = select(_aliases.alias, _aliases.version).where(
    _aliases.workspace == bindparam("workspace"), _aliases.name == bindparam("model")
)


def _beside(holders: Select[Any]) -> Select[Any]:
    """A version, its target's holders and its target's last promotion, each on one row or none."""
    own, held, last = _VERSION.subquery(), holders.subquery(), LAST_PROMOTION.subquery()
    held_by = [column.label(f"held_{column.name}") for column in held.c]
    was_last = [column.label(f"last_{column.name}") for column in last.c]
    return select(*own.c, *held_by, *was_last, *HEAD_COLUMNS.values()).select_from(
        own.outerjoin(held, true()).outerjoin(last, true())
    )


_STANDING = {"alias": _beside(_BY_ALIAS), "stage": _beside(_BY_STAGE)}

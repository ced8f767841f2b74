"""Roles and types of columns: as said, and inferred where that is safe."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pandas as pd

from mlflow_prod.data.groups import bands_for
from mlflow_prod.data.schema import Column, Role, Schema, Type
from mlflow_prod.data.schema_file import Declared, SchemaFile
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError, did_you_mean

ISO_DATE = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?"
# A text column of more distinct values than this, in more than half of its rows, is free text.
MOST_CATEGORIES = 50
CONSTANT, EMPTY = "constant", "no value in any row"
FREE_TEXT, DISTINCT = "free text", "every value is distinct"
NESTED, DURATIONS = "nested values", "durations"


def infer_schema(
    frame: pd.DataFrame,
    known: Mapping[str, Column],
    said: SchemaFile,
    roles: Mapping[str, Role],
    protected_as_input: bool,
    *,
    may_lack_inputs: bool = False,
) -> Schema:
    """The schema of all columns: `roles` go before the schema file, that before what the source knows.

    Constant columns, free text and nested values are left out with a note; a column called `id` or
    `..._id` whose values are all distinct takes the role `id`. Raises DataError on a name that is not there,
    and where no column is left to learn from, unless nothing is to be learnt (`may_lack_inputs`).
    """
    where = {**dict.fromkeys(said.columns, said.path), **{name: str(role) for name, role in roles.items()}}
    for name, origin in where.items():
        if name not in frame.columns:
            raise DataError(
                f"{origin}: no column {name!r} in the data; {did_you_mean(name, map(str, frame.columns))}"
            )
    columns = {
        str(name): _column(frame[name], known.get(name), said, roles.get(name)) for name in frame.columns
    }
    schema = Schema(columns, protected_as_input)
    unique: tuple[Role, ...] = ("target", "time", "weight")
    for role in unique:
        named = schema.named(role)
        if len(named) > 1:
            raise DataError(f"only one column can be the {role}, got {', '.join(named)}")
    if not schema.inputs and not may_lack_inputs:
        notes = "; ".join(f"{name}: {column.note}" for name, column in columns.items() if column.note)
        raise DataError(f"no column is left to learn from{f' ({notes})' if notes else ''}")
    return schema


def _column(values: pd.Series, known: Column | None, said: SchemaFile, role: Role | None) -> Column:
    own = said.columns.get(str(values.name), Declared())
    missing = (*own.missing, *said.missing)
    said_role = role or own.role or (known.role if known else "")
    said_type = own.type or (known.type if known else "")
    if _is_nested(values) and (said_role in ("id", "ignore") or not (said_role or said_type)):
        return Column(said_role or "ignore", "text", missing, note=NESTED)  # type: ignore[arg-type]
    if missing:
        values = values.where(~as_text(values).isin(missing))
    inferred, note = _type_of(values)
    type: Type = said_type or inferred  # type: ignore[assignment]
    if said_role == "protected":
        bands = (known.bands if known else ()) or (bands_for(values) if type == "numeric" else ())
        return Column("protected", "category" if type == "text" else type, missing, bands)
    if said_role == "weight":
        return Column("weight", "numeric", missing)
    if said_role and said_role != "feature":
        return Column(said_role, type, missing)  # type: ignore[arg-type]
    if not said_role and _looks_like_id(values):
        return Column("id", "text", missing, note=DISTINCT)
    if said_type and note not in (CONSTANT, EMPTY):
        note = FREE_TEXT if type == "text" else ""
    return Column("ignore" if note else "feature", type, missing, note=note)


def _type_of(values: pd.Series) -> tuple[Type, str]:
    """The type, and a note where the column cannot be used as it is."""
    present = values.dropna()
    if present.empty:
        return "category", EMPTY
    if pd.api.types.is_bool_dtype(present.infer_objects()):
        return "boolean", _constant(values, present)
    if pd.api.types.is_numeric_dtype(present):
        return "numeric", _constant(values, present)
    if pd.api.types.is_datetime64_any_dtype(present):
        return "date", _constant(values, present)
    if isinstance(present.iloc[0], timedelta):
        return "text", DURATIONS
    texts = as_text(present)
    distinct = texts.nunique()
    if distinct <= 2 and set(texts.str.lower().unique()) <= {"true", "false"}:
        return "boolean", _constant(values, present)
    if texts.str.fullmatch(ISO_DATE).all():
        return "date", _constant(values, present)
    if distinct > MOST_CATEGORIES and distinct > len(present) / 2:
        return "text", DISTINCT if distinct == len(present) else FREE_TEXT
    return "category", _constant(values, present)


def _is_nested(values: pd.Series) -> bool:
    return bool(values.dtype == object) and any(
        isinstance(v, list | dict | tuple | set | np.ndarray) for v in values
    )


def _constant(values: pd.Series, present: pd.Series) -> str:
    return CONSTANT if len(present) == len(values) and len(values) > 1 and present.nunique() == 1 else ""


def _looks_like_id(values: pd.Series) -> bool:
    lower = str(values.name).lower()
    return (lower == "id" or lower.endswith("_id")) and len(values) > 1 and values.is_unique

"""Raw rows of a table as a part."""

import numpy as np
import pandas as pd

from mlflow_prod.data.clean import clean, clean_column
from mlflow_prod.data.dataset import Part
from mlflow_prod.data.groups import groups_of
from mlflow_prod.data.labels import LARGEST, encode_target
from mlflow_prod.data.schema import Role, Schema
from mlflow_prod.data.task import Task
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError


def part_of(frame: pd.DataFrame, schema: Schema, task: Task, *, raw: bool = False) -> Part:
    """The rows of `frame` as `schema` and `task` read them.

    All inputs must be there. Target, groups, weight and time are taken where their columns are;
    the target only where every row has one. `raw` keeps the columns as they are, too; where the schema leaves
    no input, they are the features. Raises DataError as `clean` does.
    """
    protected = tuple(name for name in schema.protected if name in frame.columns)
    read = clean(frame, schema, tuple(dict.fromkeys((*schema.inputs, *protected))))
    groups = {name: groups_of(read[name], schema.columns[name]) for name in protected}
    target = np.empty(0)
    if task.target in frame.columns:
        labels = labels_of(frame, schema, task.target)
        if not labels.hasnans:
            target = encode_target(task, labels)
    kept = frame.drop(columns=task.target, errors="ignore").reset_index(drop=True) if raw else None
    return Part(
        read[list(schema.inputs)] if schema.inputs or kept is None else kept,
        target,
        pd.DataFrame(groups, index=range(len(read))),
        _weights(frame, schema),
        _times(frame, schema),
        kept,
    )


def labels_of(frame: pd.DataFrame, schema: Schema, target: str) -> pd.Series:
    """The target's raw values, missing where the schema says that their text means so."""
    values, missing = frame[target], schema.columns[target].missing
    return values.where(~as_text(values).isin(missing)) if missing else values


def _held(frame: pd.DataFrame, schema: Schema, role: Role) -> str | None:
    return next((name for name in schema.named(role) if name in frame.columns), None)


def _weights(frame: pd.DataFrame, schema: Schema) -> np.ndarray | None:
    name = _held(frame, schema, "weight")
    if name is None:
        return None
    weights = clean_column(frame[name], schema.columns[name]).to_numpy(np.float64)
    if not ((weights >= 0) & (weights <= LARGEST)).all() or not weights.any():
        raise DataError(
            f"weight {name!r} must be from 0 to {LARGEST:g} in every row, none missing, and not 0 in all"
        )
    return weights


def _times(frame: pd.DataFrame, schema: Schema) -> np.ndarray | None:
    name = _held(frame, schema, "time")
    if name is None:
        return None
    times = clean_column(frame[name], schema.columns[name])
    if times.hasnans or times.dtype.kind not in "Mf":
        raise DataError(f"time {name!r} must hold a date (2026-01-31) or a number in every row")
    return times.to_numpy()

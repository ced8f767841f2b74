"""Rows and what a model said of them, as one table."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from mlflow_prod.data import Part
from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, did_you_mean


def scored_table(
    task: Task, part: Part, scores: np.ndarray, columns: Mapping[str, pd.Series], *, weight: str = ""
) -> tuple[pd.DataFrame, list[str], str]:
    """The rows as one table, and what its columns of scores and of weights are called ("": there are none).

    `columns` must not hold the target; `weight` is what theirs shall be called.
    """
    named = dict.fromkeys([*columns, task.target])
    answers = [scores] if scores.ndim == 1 else list(scores.T)
    score = [_free(f"score {at}", named) for at in range(len(answers))]
    frame = pd.DataFrame(
        {name: _plain(column).array for name, column in columns.items()}, index=range(len(part))
    )
    frame[task.target] = part.target
    if task.kind != "regression":
        frame[task.target] = pd.Categorical.from_codes(
            part.target, dtype=pd.CategoricalDtype(list(task.classes))
        )
    for name, answer in zip(score, answers, strict=True):
        frame[name] = answer
    if part.weight is None:
        return frame, score, ""
    weight = weight or _free("weight", named)
    return frame.assign(**{weight: part.weight}), score, weight


def column_of(part: Part, name: str) -> pd.Series:
    """A protected column, or one that the model reads; DataError where there is none of that name."""
    if name in part.groups.columns:
        return part.groups[name]
    features = part.features if isinstance(part.features, pd.DataFrame) else pd.DataFrame()
    for table in (features, pd.DataFrame() if part.raw is None else part.raw):
        if name in table.columns:
            return table[name]
    known = [str(column) for column in (*part.groups.columns, *features.columns)]
    raise DataError(f"there is no column {name!r} to slice by: {did_you_mean(name, known)}")


def _plain(column: pd.Series) -> pd.Series:
    """Whole numbers as such: read with missing values, or for a network, they have become 1.0."""
    if column.dtype.kind != "f" or not (column.isna() | ((column % 1 == 0) & (column.abs() < 2**53))).all():
        return column
    return column.astype("Int64")


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_"
    return name

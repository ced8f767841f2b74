"""Rows that come a part at a time: together they may be more than memory holds."""

import sys
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from tqdm import tqdm

from mlflow_prod.candidate.findings import columns_of
from mlflow_prod.candidate.load import Model
from mlflow_prod.candidate.table import column_of
from mlflow_prod.candidate.wanted import Wanted
from mlflow_prod.data import Part, Rows
from mlflow_prod.errors import DataError
from mlflow_prod.foreign import Answered, Scores


def answer_all(
    models: Sequence[Model], parts: Iterable[Part], wanted: Wanted = Wanted()
) -> tuple[Part, list[Answered], Rows]:
    """What each model says of all rows, and of the rows what slices are cut by: some bytes a row.

    Which columns that is, is chosen from the first part. Raises DataError for rows without labels, and where
    there are no rows.
    """
    kept: list[Part] = []
    said: list[list[np.ndarray]] = [[] for _ in models]
    rows = Rows()
    names: tuple[str, ...] = ()
    for part in tqdm(parts, desc="score", unit=" parts", file=sys.stderr):
        if not part.has_target:
            raise DataError(
                f"rows {len(rows):,} and following have no labels: a model cannot be measured on them"
            )
        names = names or tuple(dict.fromkeys((*columns_of(part, wanted), *wanted.reads)))
        kept.append(_slim(part, names))
        for model, answers in zip(models, said, strict=True):
            answers.append(model.predict(part.features))
        rows = rows.then(part)
    if not kept:
        raise DataError("there are no rows to measure on: give at least one")
    answered = [
        Answered(model.task, Scores(np.concatenate(answers)))
        for model, answers in zip(models, said, strict=True)
    ]
    return kept[0].followed_by(*kept[1:]), answered, rows


def _slim(part: Part, names: Iterable[str]) -> Part:
    """The rows with the columns of these names alone, texts as categories."""
    columns = {name: _compact(column_of(part, name)) for name in names if name not in part.groups.columns}
    groups = {str(name): _compact(part.groups[name]) for name in part.groups.columns}
    there = range(len(part))
    return Part(
        pd.DataFrame(columns, index=there),
        part.target,
        pd.DataFrame(groups, index=there),
        part.weight,
        part.time,
    )


def _compact(column: pd.Series) -> pd.Series:
    return column if column.dtype.kind in "biufM" else column.astype("category")

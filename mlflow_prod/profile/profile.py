"""The counts of a whole table, and of the model's answers to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError, did_you_mean
from mlflow_prod.profile.column import Column

VERSION = 1
PREDICTION = "prediction"
# Images a pass: bounds the memory of their float64 copies.
BATCH = 1024


@dataclass(frozen=True)
class Profile:
    """What one pass over rows leaves behind: counts by column. No row, text or id can be read back.

    `Profile.of` chooses the cells from a reference; `count` counts other rows in the same cells; profiles of
    the same cells add, exactly, in any order and grouping, to the profile of their rows together.

    Parameters
    ----------
    rows : rows counted, each in every column.
    columns : counts by column name; the model's answers are the column `prediction`.

    >>> table = pd.DataFrame({"age": np.arange(100.0)})
    >>> baseline = Profile.of(table)
    >>> baseline.count(table[:40]) + baseline.count(table[40:]) == baseline
    True
    """

    rows: int
    columns: dict[str, Column]

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if column.rows != self.rows:
                raise DataError(
                    f"column {name!r} of a profile counts {column.rows} rows, the profile {self.rows}"
                )

    @classmethod
    def of(cls, features: pd.DataFrame | np.ndarray, scores: np.ndarray | None = None) -> "Profile":
        """The profile of a reference.

        Parameters
        ----------
        features : table of n rows (numbers, booleans, dates, texts), or images (n, height, width, channels),
            of which `brightness` (mean), `contrast` (standard deviation) and `detail` (mean difference of
            neighbours) are counted, in the pixels' unit.
        scores : the model's, (n,), or (n, classes), of which the likeliest class's code is counted.

        Raises DataError for no rows, a column named `prediction` beside scores, lengths that differ.
        """
        table = _table(features, scores)
        if not len(table):
            raise DataError("a profile needs at least one row")
        return cls(len(table), {name: Column.of(values) for name, values in _columns(table)})

    def count(self, features: pd.DataFrame | np.ndarray, scores: np.ndarray | None = None) -> "Profile":
        """Counts other rows in the same cells; lost, new or retyped columns raise DataError."""
        table = _table(features, scores)
        given = [str(name) for name in table.columns]
        lost = [name for name in self.columns if name not in given]
        new = [name for name in given if name not in self.columns]
        if lost or new:
            hint = f"; {did_you_mean(lost[0], new)}" if lost and new else ""
            raise DataError(
                f"columns must be those of the baseline: lost {lost or 'none'}, new {new or 'none'}{hint}"
            )
        by_name = dict(_columns(table))
        return Profile(
            len(table), {name: column.count(by_name[name]) for name, column in self.columns.items()}
        )

    def __add__(self, other: "Profile") -> "Profile":
        """The profile of the rows of both; DataError unless columns and cells are the same."""
        if set(self.columns) != set(other.columns):
            different = sorted(set(self.columns) ^ set(other.columns))
            raise DataError(f"profiles add only with the same columns; only one of them has {different}")
        columns = {name: column + other.columns[name] for name, column in self.columns.items()}
        return Profile(self.rows + other.rows, columns)

    def to_dict(self) -> dict[str, Any]:
        """The profile as JSON values: `baseline.json`."""
        columns = {name: column.to_dict() for name, column in self.columns.items()}
        return {"version": VERSION, "rows": self.rows, "columns": columns}

    @classmethod
    def from_dict(cls, values: Any) -> "Profile":
        """The inverse of `to_dict`, strict: anything else raises DataError."""
        if not isinstance(values, dict) or set(values) != {"version", "rows", "columns"}:
            raise DataError("a profile must be an object with exactly the keys version, rows, columns")
        if values["version"] != VERSION:
            raise DataError(f"version of a profile must be {VERSION}, got {values['version']!r}")
        if type(values["rows"]) is not int or not isinstance(values["columns"], dict):
            raise DataError("rows of a profile must be a whole number, and columns an object")
        return cls(values["rows"], {name: Column.from_dict(part) for name, part in values["columns"].items()})


def _columns(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    return ((str(name), table[name]) for name in table.columns)


def _table(features: pd.DataFrame | np.ndarray, scores: np.ndarray | None) -> pd.DataFrame:
    table = features if isinstance(features, pd.DataFrame) else _summaries(np.asarray(features))
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        raise DataError(
            f"columns must be named once each, got {sorted(n for n in names if names.count(n) > 1)}"
        )
    if scores is None:
        return table
    if PREDICTION in names:
        raise DataError(f"no input may be called {PREDICTION!r}, the name of the model's answers: rename it")
    scores = np.asarray(scores)
    if len(scores) != len(table):
        raise DataError(f"scores must have a row for each of the {len(table)} rows, got {len(scores)}")
    answers = scores.argmax(axis=1) if scores.ndim == 2 else scores
    return table.assign(**{PREDICTION: answers.astype(np.float64)})


def _summaries(images: np.ndarray) -> pd.DataFrame:
    if images.ndim != 4:
        raise DataError(f"images must have shape (n, height, width, channels), got {images.shape}")
    parts = []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].astype(np.float64)
        steps = [np.abs(np.diff(batch, axis=axis)).reshape(len(batch), -1).sum(axis=1) for axis in (1, 2)]
        pairs = sum(
            np.prod(batch.shape[1:]) // batch.shape[axis] * (batch.shape[axis] - 1) for axis in (1, 2)
        )
        pixels = batch.reshape(len(batch), -1)
        parts.append(np.stack([pixels.mean(axis=1), pixels.std(axis=1), sum(steps) / max(1, pairs)], axis=1))
    return pd.DataFrame(
        np.concatenate(parts or [np.empty((0, 3))]), columns=["brightness", "contrast", "detail"]
    )

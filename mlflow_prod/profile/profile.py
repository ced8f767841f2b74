"""What one pass over a table, and over the model's answers to it, leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.errors import DataError, did_you_mean
from mlflow_prod.profile.column import Column, added, column_of
from mlflow_prod.profile.images import summaries
from mlflow_prod.profile.numbers import Numbers

PREDICTION = "prediction"
Features: TypeAlias = pd.DataFrame | pa.RecordBatch | np.ndarray


@dataclass(frozen=True)
class Profile:
    """Counts, ranges and moments of each column: of a table, or of one batch of it.

    `a + b` is the profile of the rows of both, in any order and grouping: counts exactly, moments to 1e-12.
    So a table larger than memory is counted batch by batch, and partitions are where they are. Bounded
    by the number of columns, whatever the number of rows. It holds extremes and rare texts: what is stored
    with a model is its `Baseline`.

    Parameters
    ----------
    rows : rows counted, each in every column.
    columns : by name; the model's answers are the column `prediction`.

    >>> table = pd.DataFrame({"age": np.arange(100.0)})
    >>> whole = Profile.of(table[:40]).count(table[40:])
    >>> whole.columns["age"].histogram.quantile(0.5)
    (49.0, 49.0, 49.0)
    """

    rows: int
    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        for name, column in self.columns.items():
            if column.rows != self.rows:
                raise DataError(
                    f"column {name!r} of a profile counts {column.rows} rows, the profile {self.rows}"
                )

    @classmethod
    def of(cls, features: Features, scores: np.ndarray | None = None) -> "Profile":
        """The profile of n rows, n >= 0.

        Parameters
        ----------
        features : a table or Arrow record batch (numbers, booleans, dates, texts), or images (n, height,
            width, channels), of which `images.summaries` are counted.
        scores : the model's, (n,), or (n, classes), of which the likeliest class's code is counted;
            NaN is a missing answer.

        Raises DataError for a column named `prediction` beside scores, names or lengths that do not fit,
        nested values and complex numbers.
        """
        return cls(*_counted(features, scores, {}))

    def count(self, features: Features, scores: np.ndarray | None = None) -> "Profile":
        """The profile of these rows and more: `self + Profile.of(features, scores)`, in half the time.

        A batch by itself costs as much as some 25,000 of its rows: few large ones are quicker.
        """
        shifts = {n: c.histogram.shift for n, c in self.columns.items() if isinstance(c, Numbers)}
        return self + Profile(*_counted(features, scores, shifts))

    def __add__(self, other: "Profile") -> "Profile":
        """The profile of the rows of both; DataError for other columns, and for numbers where texts are."""
        lost = [name for name in self.columns if name not in other.columns]
        new = [name for name in other.columns if name not in self.columns]
        if lost or new:
            hint = f"; {did_you_mean(lost[0], new)}" if lost and new else ""
            raise DataError(
                f"profiles add only with the same columns: lost {lost or 'none'}, new {new or 'none'}{hint}"
            )
        columns = {name: added(mine, other.columns[name], name) for name, mine in self.columns.items()}
        return Profile(self.rows + other.rows, columns)


def _counted(
    features: Features, scores: np.ndarray | None, shifts: Mapping[str, int]
) -> tuple[int, dict[str, Column]]:
    columns, rows = columns_of(features)
    names = [name for name, _ in columns]
    if len(set(names)) < len(names):
        twice = sorted(name for name in names if names.count(name) > 1)
        raise DataError(f"columns must be named once each, got {twice}")
    if scores is not None:
        if PREDICTION in names:
            raise DataError(
                f"no input may be called {PREDICTION!r}, the name of the model's answers: rename it"
            )
        columns.append((PREDICTION, pd.Series(_answers(np.asarray(scores), rows))))
    return rows, {name: column_of(values, name, shifts.get(name, 0)) for name, values in columns}


def columns_of(features: Features) -> tuple[list[tuple[str, pd.Series | pa.Array]], int]:
    """Names and values of the columns that a profile counts of a table or of images, and how many rows."""
    if isinstance(features, pa.RecordBatch):
        return list(zip(features.schema.names, features.columns, strict=True)), features.num_rows
    if isinstance(features, pd.DataFrame):
        found = [(str(name), features.iloc[:, at]) for at, name in enumerate(features.columns)]
        return found, len(features)
    numbers = summaries(np.asarray(features))
    return [(name, pd.Series(values)) for name, values in numbers.items()], len(features)


def _answers(scores: np.ndarray, rows: int) -> np.ndarray:
    if not scores.ndim or len(scores) != rows:
        got = len(scores) if scores.ndim else "a single one"
        raise DataError(f"scores must have a row for each of the {rows} rows, got {got}")
    if scores.ndim > 2 or 0 in scores.shape[1:]:
        raise DataError(f"scores must have shape (n,) or (n, classes), got {scores.shape}")
    if scores.dtype.kind not in "biuf":
        raise DataError(f"scores must be numbers, got {scores.dtype}")
    if scores.ndim == 1:
        return scores.astype(np.float64)
    return np.where(np.isnan(scores).any(axis=1), np.nan, scores.argmax(axis=1))

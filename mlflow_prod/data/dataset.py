"""Rows ready to learn from and to measure on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from mlflow_prod.data.schema import Schema
from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter

Features = pd.DataFrame | np.ndarray


@dataclass(frozen=True)
class Part:
    """Rows of one split, or of one batch from production.

    Parameters
    ----------
    features : the model's inputs only, raw. DataFrame (n rows; numeric float64, category str,
        boolean bool, or float64 where values are missing, date datetime64), or images, shape
        (n, height, width, channels), uint8 or float32.
    target : shape (n,): int64 class codes, or float64; empty where a batch carries no labels.
    groups : protected columns as text, n rows; no columns where none is protected.
    weight : shape (n,), float64, or None.
    time : shape (n,), datetime64 or float64, or None.
    raw : every column but the target as it was read, n rows, for models that others made; None unless asked
        for. It is no part of the digest, which is that of the same rows without it.

    Raises
    ------
    InvalidParameter : lengths differ.
    """

    features: Features
    target: np.ndarray
    groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    weight: np.ndarray | None = None
    time: np.ndarray | None = None
    raw: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if not len(self.groups.columns):
            object.__setattr__(self, "groups", pd.DataFrame(index=range(len(self.features))))
        for name in ("target", "groups", "weight", "time", "raw"):
            value = getattr(self, name)
            if value is not None and len(value) != len(self) and not (name == "target" and len(value) == 0):
                raise InvalidParameter(name, f"of the features' length ({len(self)})", len(value))

    def __len__(self) -> int:
        return len(self.features)

    @property
    def has_target(self) -> bool:
        """Whether the rows carry labels."""
        return len(self.target) == len(self)

    def take(self, indices: np.ndarray) -> "Part":
        """The rows at `indices`, shape (m,), int64, in that order."""

        def of_table(table: pd.DataFrame) -> pd.DataFrame:
            return table.iloc[indices].reset_index(drop=True)

        features = self.features
        return Part(
            of_table(features) if isinstance(features, pd.DataFrame) else features[indices],
            self.target[indices] if self.has_target else self.target,
            of_table(self.groups),
            None if self.weight is None else self.weight[indices],
            None if self.time is None else self.time[indices],
            None if self.raw is None else of_table(self.raw),
        )

    def followed_by(self, *others: "Part") -> "Part":
        """These rows and then those of other parts of the same data; categories are those of all of them."""
        parts = [self, *others]

        def joined(name: str) -> Any:
            pieces = [getattr(part, name) for part in parts]
            if pieces[0] is None:
                return None
            if isinstance(pieces[0], pd.DataFrame):
                columns = {name: _stacked([piece[name] for piece in pieces]) for name in pieces[0].columns}
                return pd.DataFrame(columns, index=range(sum(map(len, pieces))))
            return np.concatenate(pieces)

        return Part(**{field.name: joined(field.name) for field in fields(Part)})

    @cached_property
    def digest(self) -> str:
        """sha256 of all values and column names, 64 hex digits; the order of rows counts."""
        state = hashlib.sha256()
        tables = {"features": self.features, "groups": self.groups}
        for name, table in tables.items():
            if isinstance(table, pd.DataFrame):
                for column in table.columns:
                    _add(state, f"{name}/{column}", table[column].to_numpy())
            else:
                _add(state, name, table)
        for name, array in {"target": self.target, "weight": self.weight, "time": self.time}.items():
            if array is not None:
                _add(state, name, array)
        return state.hexdigest()


@dataclass(frozen=True)
class Rows:
    """What is left of parts that were looked at one after the other: how many rows, and a digest of them.

    The digest of one part is the part's; of more it depends on their order and sizes, too.
    """

    count: int = 0
    digest: str = ""

    def __len__(self) -> int:
        return self.count

    def then(self, part: Part) -> "Rows":
        """These rows, and then those of a part."""
        both = hashlib.sha256(f"{self.digest}{part.digest}".encode()).hexdigest()
        return Rows(self.count + len(part), both if self.digest else part.digest)


@dataclass(frozen=True)
class Dataset:
    """A task with its rows in three parts.

    Parameters
    ----------
    name : what the data was called.
    task : what is learnt.
    schema : the table's columns; None for images.
    train, validation, test : no row is in two of them.
    """

    name: str
    task: Task
    schema: Schema | None
    train: Part
    validation: Part
    test: Part

    @property
    def whole(self) -> Part:
        """All rows, for a model that has seen none of them."""
        return self.train.followed_by(self.validation, self.test)

    @property
    def given(self) -> tuple[str, ...]:
        """The raw columns a model gets that others made and that names none: all that nobody said to be for
        something else (id, weight, time, ignore, protected that is no input); () for images."""
        if self.schema is None:
            return ()
        other = {"target", "id", "weight", "time", "ignore"}
        if not self.schema.protected_as_input:
            other.add("protected")
        # What inference left out has a note; it left it out of our models only.
        return tuple(name for name, c in self.schema.columns.items() if c.role not in other or c.note)


def _stacked(columns: Sequence[pd.Series]) -> pd.Series:
    if all(isinstance(column.dtype, pd.CategoricalDtype) for column in columns):
        return pd.Series(union_categoricals([*columns]))
    return pd.concat(columns, ignore_index=True)


def _add(state: "hashlib._Hash", name: str, array: np.ndarray) -> None:
    if array.dtype.kind in "OUST":
        content = json.dumps([None if pd.isna(value) else str(value) for value in array]).encode()
    else:
        # NaN has many bit patterns; they mean the same.
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), np.array(np.nan, array.dtype), array)
        content = np.ascontiguousarray(array).tobytes()
    state.update(json.dumps([name, array.dtype.kind, array.shape, len(content)]).encode())
    state.update(content)

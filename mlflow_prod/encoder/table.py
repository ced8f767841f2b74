"""Rows of a table to one float vector each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.encoder.column import CategoryColumn, NumberColumn
from mlflow_prod.encoder.layout import Layout
from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean

# Below this many rows, reading value by value costs less than taking a DataFrame apart.
FEW = 16
# Scaled values are held within this many deviations, so that none overflows float32.
FAR = 1e6


@dataclass(frozen=True)
class TableEncoder:
    """Scales numbers, fills missing ones, spreads categories over one column each.

    One encoded row is: each number column scaled; then 1 or 0 for "was missing" of those number
    columns that had missing values in training; then the one-hot columns of each category, its
    last one for any other or missing value. With a projection, that vector is then reduced.

    Parameters
    ----------
    columns : what is read, in order.
    mean, components : linear reduction `(x - mean) @ components.T`, shapes (width,) and
        (reduced width, width); empty for none.
    """

    columns: tuple[NumberColumn | CategoryColumn, ...]
    mean: tuple[float, ...] = ()
    components: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def fit(cls, features: pd.DataFrame, types: Mapping[str, str]) -> "TableEncoder":
        """Learns from training rows; `types`: `numeric`, `boolean`, `date` or `category`, by column.

        Raises DataError where there is no row or no column to learn from.
        """
        if not len(features) or not len(types):
            raise DataError(f"an encoder needs rows and input columns, got {len(features)} and {len(types)}")
        return cls(
            tuple(
                CategoryColumn.fit(name, features[name])
                if type == "category"
                else NumberColumn.fit(name, type, features[name])
                for name, type in types.items()
            )
        )

    def with_projection(self, mean: np.ndarray, components: np.ndarray) -> "TableEncoder":
        """This encoder with a linear reduction applied last, such as PCA's `mean_` and `components_`.

        Shapes (width,) and (reduced width, width), where width is this encoder's without a
        reduction; raises InvalidParameter on others.
        """
        mean, components = np.asarray(mean, np.float64), np.asarray(components, np.float64)
        if components.ndim != 2 or components.shape[1] != self.width or not len(components):
            raise InvalidParameter("components", f"of shape (k, {self.width})", components.shape)
        if mean.shape != (self.width,):
            raise InvalidParameter("mean", f"of shape ({self.width},)", mean.shape)
        return replace(self, mean=tuple(mean.tolist()), components=tuple(map(tuple, components.tolist())))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Raw input columns, in the order of `read`'s."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def width(self) -> int:
        """Length of one encoded row before the reduction."""
        return self._layout.width

    @property
    def shape(self) -> tuple[int, ...]:
        """(length of one encoded row,)."""
        return (len(self.components) or self.width,)

    def read(self, features: Any) -> np.ndarray:
        """float64 (n, columns): numbers as they are, NaN where missing; categories as their code.

        Takes a DataFrame (columns in any order, further ones ignored), a dict of arrays or lists, or a
        list of dicts. A category that is unknown or missing is read as the number of known values.
        Raises DataError naming a lost column, a value that cannot be read, an infinite one.
        """
        if isinstance(features, pd.DataFrame):
            if len(features) <= FEW:
                order = self._order(features.columns.tolist())
                rows = features.to_numpy(dtype=object).tolist()
                matrix = self._read_rows([[row[at] for at in order] for row in rows])
            else:
                self._order(features.columns.tolist())
                matrix = self._read_columns(features)
        elif isinstance(features, Mapping):
            self._order(list(features))
            matrix = self._read_columns(features)
        else:
            for row in features:
                self._order(list(row))
            matrix = self._read_rows([[row[name] for name in self.names] for row in features])
        if np.isinf(matrix).any():
            name = self.names[np.flatnonzero(np.isinf(matrix).any(axis=0))[0]]
            raise DataError(
                f"column {name!r} holds an infinite value: replace it, or leave it empty if unknown"
            )
        return matrix

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """float32 (n, *shape) of a matrix as `read` returns it, shape (n, columns)."""
        layout = self._layout
        matrix = np.asarray(matrix, np.float64)
        if matrix.ndim != 2 or matrix.shape[1] != len(self.columns):
            raise DataError(f"the matrix must have shape (n, {len(self.columns)}), got {matrix.shape}")
        out = np.zeros((len(matrix), layout.width), np.float32)
        if layout.numbers.size:
            scaled = (matrix[:, layout.numbers] - layout.center) / layout.scale
            lost = np.isnan(scaled)
            if lost.any():
                np.copyto(scaled, layout.filled, where=lost)
                out[:, layout.numbers.size : layout.first] = lost[:, layout.indicated]
            out[:, : layout.numbers.size] = np.minimum(np.maximum(scaled, -FAR), FAR)
        if layout.categories.size:
            # An explainer may hand back a blend of codes: the nearest one is meant. NaN means "other".
            codes = np.fmin(np.maximum(np.rint(matrix[:, layout.categories]), 0.0), layout.other)
            at = codes.astype(np.intp) + layout.offset
            at += np.arange(0, out.size, layout.width)[:, None]
            out.reshape(-1)[at] = 1.0
        if self.components:
            mean, components = self._projection
            return ((out - mean) @ components.T).astype(np.float32)
        return out

    def encode(self, features: Any) -> np.ndarray:
        """`transform(read(features))`, float32 (n, *shape)."""
        return self.transform(self.read(features))

    def to_dict(self) -> dict[str, Any]:
        """The encoder as JSON values."""
        return {
            "kind": "table",
            "columns": [column.to_dict() for column in self.columns],
            "mean": list(self.mean),
            "components": [list(row) for row in self.components],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TableEncoder":
        """The inverse of `to_dict`."""
        columns: list[NumberColumn | CategoryColumn] = [
            CategoryColumn(column["name"], tuple(column["values"]))
            if column["type"] == "category"
            else NumberColumn(**column)
            for column in values["columns"]
        ]
        return cls(tuple(columns), tuple(values["mean"]), tuple(map(tuple, values["components"])))

    @cached_property
    def _layout(self) -> "Layout":
        return Layout.of(self.columns)

    @cached_property
    def _readers(self) -> list[Callable[[Any], float]]:
        return [column.read_one for column in self.columns]

    @cached_property
    def _projection(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.mean), np.array(self.components)

    def _order(self, present: list[Any]) -> Sequence[int]:
        if tuple(present) == self.names:
            return range(len(present))
        place = {name: at for at, name in enumerate(present)}
        lost = [name for name in self.names if name not in place]
        if lost:
            hint = did_you_mean(lost[0], map(str, present))
            raise DataError(
                f"the rows lack the column{'s' * (len(lost) > 1)} {', '.join(map(repr, lost))}; {hint}"
            )
        return [place[name] for name in self.names]

    def _read_columns(self, features: Any) -> np.ndarray:
        read = [column.read(features[column.name]) for column in self.columns]
        if len({len(values) for values in read}) > 1:
            raise DataError(
                f"columns must be of one length, got {dict(zip(self.names, map(len, read), strict=True))}"
            )
        return np.column_stack(read)

    def _read_rows(self, rows: list[list[Any]]) -> np.ndarray:
        flat = [of(value) for row in rows for of, value in zip(self._readers, row, strict=True)]
        return np.array(flat, np.float64).reshape(len(rows), len(self.columns))

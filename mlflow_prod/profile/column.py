"""The counts of one column."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError

Kind = Literal["number", "value", "category"]

BINS = 20
CATEGORIES = 200
# Counts of fewer rows would speak of persons: they are folded.
LEAST_ROWS = 10


@dataclass(frozen=True)
class Column:
    """How many rows fall into each cell of one column.

    Parameters
    ----------
    kind : `number` (cells between edges), `value` (few distinct numbers, booleans as 0 and 1; a cell each)
        or `category` (texts; a cell each).
    cuts : number: ascending edges e1 to ek, cells (-inf, e1] to (ek, inf), open at both ends so that no
        row's extreme is stored; else the values that have a cell. A last cell counts all others.
    counts : one per cell in that order, k + 1 in number, >= 0.
    missing, infinite : rows without a value, and rows with an infinite one; counted apart.
    """

    kind: Kind
    cuts: tuple[float, ...] | tuple[str, ...]
    counts: tuple[int, ...]
    missing: int = 0
    infinite: int = 0

    @classmethod
    def of(cls, values: pd.Series) -> "Column":
        """Chooses the cells from the reference's values, and counts them.

        Numbers of at most 20 distinct values: each value that 10 rows have. Other numbers: 20 cells of equal
        shares, fewer for fewer than 200 rows; a value that several edges fall on gets a cell of its own.
        Texts: the 200 commonest that 10 rows have.
        """
        numeric = _is_numeric(values)
        seen = values.dropna()
        if numeric:
            number = _numbers(seen)
            number = number[np.isfinite(number)]
            found, rows = np.unique(number, return_counts=True)
            if len(found) > BINS:
                return cls("number", _edges(number), ()).count(values)
            kept: tuple[float, ...] = tuple(found[rows >= LEAST_ROWS].tolist())
            return cls("value", kept, ()).count(values)
        sizes = seen.astype(str).value_counts()
        common = sorted(sizes[sizes >= LEAST_ROWS].items(), key=lambda pair: (-pair[1], pair[0]))
        return cls("category", tuple(str(text) for text, _ in common[:CATEGORIES]), ()).count(values)

    def count(self, values: pd.Series) -> "Column":
        """Counts other rows in the same cells; DataError where numbers are asked for and texts given."""
        missing = int(values.isna().sum())
        seen = values.dropna()
        if self.kind == "category":
            place = pd.Index(self.cuts, dtype=object).get_indexer(pd.Index(seen.astype(str), dtype=object))
            return Column("category", self.cuts, self._cells(place), missing)
        if not _is_numeric(values):
            raise DataError(f"column {values.name!r} holds {values.dtype}, where the baseline has numbers")
        number = _numbers(seen)
        finite = number[np.isfinite(number)]
        edges = np.array(self.cuts, np.float64)
        place = np.searchsorted(edges, finite, side="left")
        if self.kind == "value" and len(edges):
            known = edges[np.minimum(place, len(edges) - 1)] == finite
            place = np.where(known, place, len(edges))
        return Column(self.kind, self.cuts, self._cells(place), missing, len(number) - len(finite))

    def _cells(self, place: np.ndarray) -> tuple[int, ...]:
        """Counts of cell numbers; -1 is the last cell."""
        last = len(self.cuts)
        return tuple(np.bincount(np.where(place < 0, last, place), minlength=last + 1).tolist())

    def __add__(self, other: "Column") -> "Column":
        """The counts of both; DataError unless the cells are the same."""
        if (self.kind, self.cuts) != (other.kind, other.cuts):
            raise DataError("profiles add only on the same cells: count both with one baseline's `count`")
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        missing, infinite = self.missing + other.missing, self.infinite + other.infinite
        return Column(self.kind, self.cuts, counts, missing, infinite)

    @property
    def rows(self) -> int:
        """Rows counted, missing ones among them."""
        return sum(self.counts) + self.missing + self.infinite

    @property
    def cells(self) -> np.ndarray:
        """All counts (cells + 2,), int64: the cells in order, then infinite, then missing."""
        return np.array([*self.counts, self.infinite, self.missing], np.int64)

    def to_dict(self) -> dict[str, Any]:
        """The column as JSON values."""
        return {
            "kind": self.kind,
            "cuts": list(self.cuts),
            "counts": list(self.counts),
            "missing": self.missing,
            "infinite": self.infinite,
        }

    @classmethod
    def from_dict(cls, values: Any) -> "Column":
        """The inverse of `to_dict`, strict: anything else raises DataError."""
        expected = {"kind", "cuts", "counts", "missing", "infinite"}
        if not isinstance(values, dict) or set(values) != expected:
            raise DataError(f"a column of a profile must have exactly the keys {sorted(expected)}")
        kind, cuts, counts = values["kind"], values["cuts"], values["counts"]
        if kind not in ("number", "value", "category"):
            raise DataError(f"kind of a column must be number, value or category, got {kind!r}")
        if not isinstance(cuts, list) or not isinstance(counts, list) or len(counts) != len(cuts) + 1:
            raise DataError("cuts and counts of a column must be lists, the counts one longer")
        sizes = [*counts, values["missing"], values["infinite"]]
        if not all(type(size) is int and size >= 0 for size in sizes):
            raise DataError("counts of a column must be whole numbers >= 0")
        if kind == "category":
            if not all(isinstance(cut, str) for cut in cuts) or len(set(cuts)) < len(cuts):
                raise DataError("cuts of a category column must be texts, each once")
        else:
            if not all(type(cut) in (int, float) and np.isfinite(cut) for cut in cuts):
                raise DataError("cuts of a numeric column must be finite numbers")
            cuts = [float(cut) for cut in cuts]
            if any(a >= b for a, b in pairwise(cuts)):
                raise DataError("cuts of a numeric column must ascend")
        return cls(kind, tuple(cuts), tuple(counts), values["missing"], values["infinite"])


def _is_numeric(values: pd.Series) -> bool:
    dtype = values.dtype
    return pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)


def _numbers(seen: pd.Series) -> np.ndarray:
    """float64 (n,); dates in seconds since 1970."""
    if pd.api.types.is_datetime64_any_dtype(seen.dtype):
        return seen.dt.as_unit("ns").astype("int64").to_numpy(np.float64) / 1e9
    return seen.to_numpy(np.float64)


def _edges(number: np.ndarray) -> tuple[float, ...]:
    cells = max(1, min(BINS, len(number) // LEAST_ROWS))
    edges, hits = np.unique(np.quantile(number, np.arange(1, cells) / cells), return_counts=True)
    # A value that several quantiles fall on is cut off from below too, or a fall of it would go unseen.
    edges = np.union1d(edges, np.nextafter(edges[hits > 1], -np.inf))
    rows = np.bincount(np.searchsorted(edges, number), minlength=len(edges) + 1)
    while len(edges) and np.any(few := (rows > 0) & (rows < LEAST_ROWS)):
        at = int(np.flatnonzero(few)[0])
        edge = min(at, len(edges) - 1)
        edges = np.delete(edges, edge)
        rows = np.bincount(np.searchsorted(edges, number), minlength=len(edges) + 1)
    return tuple(edges.tolist())

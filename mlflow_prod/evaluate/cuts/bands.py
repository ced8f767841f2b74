"""Numbers cut into bands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from mlflow_prod.data.batches import Tabular, batches
from mlflow_prod.data.groups import MOST_CODES
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate.cuts.arrow import kind, numbers
from mlflow_prod.evaluate.cuts.cut import Column, Cut
from mlflow_prod.profile import Histogram, Numbers, Profile, radix, spark
from mlflow_prod.profile.exchange import Sent


@dataclass(frozen=True)
class Bands:
    """A column of numbers in bands that hold their lower edge, such as `under 25`, `25 to 40`, `40 and over`.

    Parameters
    ----------
    name : the column, of any kind of number; NaN counts as missing. Of whole numbers, which have no gaps,
        bands end in their last number: `25 to 39`.
    edges : finite, rising; one at least.

    Raises InvalidParameter for edges, and DataError where the column holds no numbers.
    """

    name: str
    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        rule = "one or more finite numbers, each above the one before"
        try:
            edges = tuple(float(edge) for edge in self.edges)
        except (TypeError, ValueError) as problem:
            raise InvalidParameter("edges", rule, self.edges) from problem
        rising = all(low < high for low, high in pairwise(edges))
        if not edges or not rising or not np.isfinite(edges).all():
            raise InvalidParameter("edges", rule, edges)
        object.__setattr__(self, "edges", edges)

    @property
    def reads(self) -> tuple[str, ...]:
        """The column itself."""
        return (self.name,)

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        """The band of each row, as a dictionary of texts; null where the number is missing."""
        column = batch.column(self.name)
        values = numbers(column, self.name)
        places = np.searchsorted(self.edges, values, side="right").astype(np.int32)
        indices = pa.array(places, mask=np.isnan(values))
        return pa.DictionaryArray.from_arrays(indices, self._texts(pa.types.is_integer(column.type)))

    def _texts(self, whole: bool) -> list[str]:
        shown = [f"{edge:.12g}" for edge in self.edges]
        last = [f"{edge - 1:.12g}" for edge in self.edges] if whole and _whole(self.edges) else shown
        between = (
            # A band of one whole number is called by it.
            low if low == high else f"{low} to {high}"
            for low, high in zip(shown[:-1], last[1:], strict=True)
        )
        return [f"under {shown[0]}", *between, f"{shown[-1]} and over"]


def bands(source: Tabular | spark.Frame, columns: Sequence[str], k: int = 4) -> tuple[Cut, ...]:
    """A cut for each column: numbers of more than 8 values in bands of about equal share, all else as it is.

    Parameters
    ----------
    source : table, or Parquet file or folder of any size, or a Spark DataFrame. Its numbers are read once,
        all of them.
    k : bands, 2 or more; fewer where one value fills several.

    Edges are rounded to what their spread asks for. Where two tables are to be compared, keep the cuts of
    one. Raises DataError for a column that is not there, InvalidParameter.
    """
    if not isinstance(k, int) or k < 2:
        raise InvalidParameter("k", "a whole number, 2 or more", k)
    named = list(dict.fromkeys(columns))
    if isinstance(source, spark.Frame):
        first: pa.RecordBatch | None = spark.first(source, named, 1)
    else:
        first = next(batches(source, named), None)
    types = {} if first is None else {field.name: field.type for field in first.schema}
    numeric = [name for name in named if name in types and kind(types[name]) == "number"]
    edges = {name: _edges(found, k) for name, found in _histograms(source, numeric).items()}
    return tuple(Bands(name, edges[name]) if edges.get(name) else Column(name) for name in columns)


def _histograms(source: Tabular | spark.Frame, columns: Sequence[str]) -> dict[str, Histogram]:
    """Of each column; none of no rows."""
    counted = _Counted(tuple(columns))
    if not columns:
        return {}
    if isinstance(source, spark.Frame):
        found = spark.summed(source, columns, counted, Sent.from_bytes)
    else:
        found = counted(batches(source, columns))
    numbers = {} if found is None else found.profile.columns
    return {name: one.histogram for name, one in numbers.items() if isinstance(one, Numbers)}


@dataclass(frozen=True)
class _Counted:
    """The profile of columns of numbers, here or by a worker of Spark."""

    columns: tuple[str, ...]

    def __call__(self, found: Iterable[pa.RecordBatch]) -> Sent:
        total = Profile.of(self._rows([]))
        for batch in found:
            total = total.count(self._rows([numbers(batch.column(name), name) for name in self.columns]))
        return Sent(total)

    def _rows(self, values: Sequence[np.ndarray]) -> pa.RecordBatch:
        arrays = [pa.array(one) for one in values] or [pa.array([], pa.float64()) for _ in self.columns]
        return pa.record_batch(arrays, self.columns)


def _edges(histogram: Histogram, k: int) -> tuple[float, ...]:
    """Rising edges above the least value; none for codes, of which each value is a slice."""
    values = radix.values_of(histogram.buckets()[0])
    if histogram.exact and len(values) <= MOST_CODES:
        return ()
    found = np.array(histogram.edges(k))
    low, high = (histogram.quantile(q)[0] for q in (0.05, 0.95))
    if low == high:
        low, high = histogram.least, histogram.greatest
    # Two digits of the spread, whatever the numbers are offset by. Halves, as the whole may overflow.
    digits = 2 - int(np.floor(np.log10(high / 2 - low / 2) + np.log10(2)))
    with np.errstate(all="ignore"):
        rounded = found.round(min(digits, 0) if histogram.exact and _whole(values) else digits)
    # Not where a band would be left empty.
    rounded = np.where((rounded > histogram.least) & (rounded <= histogram.greatest), rounded, found)
    return tuple(np.unique(rounded).tolist())


def _whole(values: Sequence[float] | np.ndarray) -> bool:
    return bool((np.asarray(values) % 1 == 0).all())

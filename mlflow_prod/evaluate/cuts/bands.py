"""Numbers cut into bands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from mlflow_prod.data.batches import Tabular, batches
from mlflow_prod.data.groups import MOST_CODES
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate.cuts.arrow import kind, numbers
from mlflow_prod.evaluate.cuts.cut import Column, Cut

# Of so many rows of a column, drawn evenly, quantiles lie within half a percent of all rows'.
MOST_DRAWN = 1 << 17


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
        edges = tuple(float(edge) for edge in self.edges)
        rising = all(low < high for low, high in pairwise(edges))
        if not edges or not rising or not np.isfinite(edges).all():
            raise InvalidParameter("edges", "one or more finite numbers, each above the one before", edges)
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


def bands(source: Tabular, columns: Sequence[str], k: int = 4) -> tuple[Cut, ...]:
    """A cut for each column: numbers of more than 8 values in bands of equal share, all else as it is.

    Parameters
    ----------
    source : table, or Parquet file or folder of any size. Its numbers are read once; beyond 131,072 rows
        edges come from as many, drawn evenly with a fixed seed.
    k : bands, 2 or more; fewer where one value fills several.

    Edges are rounded to what their spread asks for. Where two tables are to be compared, keep the cuts of
    one. Raises DataError for a column that is not there or holds only missing values, InvalidParameter.
    """
    if k < 2:
        raise InvalidParameter("k", "2 or more", k)
    named = list(dict.fromkeys(columns))
    first = next(batches(source, named), None)
    types = {} if first is None else {field.name: field.type for field in first.schema}
    numeric = [name for name in named if name in types and kind(types[name]) == "number"]
    edges = {name: _edges(values, k) for name, values in _drawn(source, numeric)}
    return tuple(Bands(name, edges[name]) if edges.get(name) else Column(name) for name in columns)


def _drawn(source: Tabular, columns: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Up to MOST_DRAWN rows of each column: those with the least of random numbers, one for each row."""
    if not columns:
        return
    rng, kept, order = np.random.default_rng(0), np.empty((len(columns), 0)), np.empty(0)
    for batch in batches(source, columns):
        rows = np.stack([numbers(batch.column(name), name) for name in columns])
        kept, order = np.concatenate([kept, rows], axis=1), np.append(order, rng.random(rows.shape[1]))
        if len(order) > MOST_DRAWN:
            least = np.argpartition(order, MOST_DRAWN)[:MOST_DRAWN]
            kept, order = kept[:, least], order[least]
    for name, values in zip(columns, kept, strict=True):
        yield name, values[np.isfinite(values)]


def _edges(values: np.ndarray, k: int) -> tuple[float, ...]:
    """Rising edges above the least value; none for codes, of which each value is a slice."""
    if len(np.unique(values)) <= MOST_CODES:
        return ()
    found = np.quantile(values, np.arange(1, k) / k)
    if found[-1] == values.min():
        # One value fills all but the last band: it is set against the others.
        return (float(values[values > values.min()].min()),)
    if _whole(values):
        found = np.ceil(found)
    else:
        low, high = np.quantile(values, [0.05, 0.95])
        # Two digits of the spread, whatever the numbers are offset by.
        digits = 2 - int(np.floor(np.log10(high - low or np.ptp(values))))
        found = found.round(digits)
    return tuple(float(edge) for edge in np.unique(found) if edge > values.min())


def _whole(values: Sequence[float] | np.ndarray) -> bool:
    return bool((np.asarray(values) % 1 == 0).all())

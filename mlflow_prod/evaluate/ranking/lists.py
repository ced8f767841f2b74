"""The items of queries, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlflow_prod.data.batches import Tabular, batches, called
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate.cuts.arrow import categories
from mlflow_prod.evaluate.figures import Figure
from mlflow_prod.evaluate.ranking import ranks
from mlflow_prod.evaluate.rows import MOST_NUMBER


@dataclass(frozen=True)
class Lists:
    """The items of queries: the query, relevance and score of each row (n,), and further columns.

    `rows`: rows query by query, `starts`: where each query's begin, with the end.
    """

    queries: np.ndarray
    relevance: np.ndarray
    scores: np.ndarray
    rows: np.ndarray
    starts: np.ndarray
    columns: dict[str, pa.Array]

    @classmethod
    def read(
        cls, source: Tabular, query: str, relevance: str, score: str, k: int | None, columns: Sequence[str]
    ) -> "Lists":
        """Checked; errors as of `ranking`."""
        if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < 1):
            raise InvalidParameter("k", "a whole number >= 1", k)
        wanted = list(dict.fromkeys([query, relevance, score, *columns]))
        found = list(batches(source, wanted, [query, *columns]))
        if not sum(map(len, found)):
            raise DataError(f"{called(source)} has no rows: give at least one")
        table = pa.Table.from_batches(found).unify_dictionaries().combine_chunks()
        whole = {name: categories(_plain(table[name]), name) for name in wanted}
        if lost := pc.sum(pc.is_null(whole[query], nan_is_null=True)).as_py():
            raise DataError(
                f"column {query!r} must tell the query of each row, {lost} of {len(table)} have none"
            )
        gains, scores = (numbers(whole[name], name) for name in (relevance, score))
        if (gains < 0).any():
            raise DataError(f"column {relevance!r} must hold gains >= 0, got {gains.min():g}")
        if gains.max() > MOST_NUMBER:
            rule = f"gains of at most {MOST_NUMBER:g}, of which only the ratio counts"
            raise DataError(f"column {relevance!r} must hold {rule}, got {gains.max():g}")
        coded = whole[query].dictionary_encode()
        queries = coded.indices.to_numpy(zero_copy_only=False)
        rows, starts = ranks.by_query(queries, len(coded.dictionary))
        return cls(queries, gains, scores, rows, starts, {name: whole[name] for name in columns})

    def of_queries(self, name: str) -> pa.Array:
        """The value of a column in each query, (queries,); DataError where one has several."""
        column = self.columns[name]
        codes = column.dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False)
        firsts = self.rows[self.starts[:-1]]
        differing = np.flatnonzero(codes[firsts][self.queries] != codes)
        if len(differing):
            raise DataError(
                f"column {name!r} must have one value for each query, that of row {differing[0]} has several"
            )
        return column.take(pa.array(firsts))


def numbers(values: pa.Array, name: str) -> np.ndarray:
    """A column as float64 (n,); DataError where it holds no numbers, or one that is not finite."""
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
        raise DataError(f"column {name!r} must hold numbers, got {values.type}")
    found = np.asarray(values.to_numpy(zero_copy_only=False), np.float64)
    if len(broken := np.flatnonzero(~np.isfinite(found))):
        raise DataError(f"column {name!r} must hold finite numbers, not so in row {broken[0]}")
    return found


def spread(name: str, figure: Figure, least: float) -> dict[str, np.ndarray]:
    """The columns of a figure that lies between `least` and 1."""
    low, high = (end.clip(least, 1) for end in (figure.low, figure.high))
    return {name: figure.value, f"{name}_low": low, f"{name}_high": high}


def _plain(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return pa.concat_arrays(column.chunks)

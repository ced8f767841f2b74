"""A few rows of many, which add."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean
from mlflow_prod.profile import radix
from mlflow_prod.profile.column import numbers_of
from mlflow_prod.profile.profile import columns_of


@dataclass(frozen=True, eq=False)
class Sample:
    """Up to k rows of the smallest hashes, for what counts of columns cannot tell (correlations, MMD).

    `a + b` is the sample of the rows of both, in any order and grouping, whatever the batches. Equal rows are
    one, with how many they are, exactly; different ones are drawn evenly. It holds rows as they are: not for
    ids, texts or protected columns, and never stored with a model.

    Parameters
    ----------
    columns : names, which are sampled together.
    most, seed : k, and what other samples of the same rows differ by.
    values : (rows, columns) float64, NaN where missing; booleans as 0 and 1, dates in seconds since 1970.
    hashes : (rows,) uint64 ascending.
    counts : (rows,) int64 > 0, how many rows are equal to each.
    seen : rows that were drawn from.
    """

    columns: tuple[str, ...]
    most: int
    seed: int
    values: np.ndarray
    hashes: np.ndarray
    counts: np.ndarray
    seen: int

    @classmethod
    def of(
        cls, features: pd.DataFrame | pa.RecordBatch, columns: Sequence[str], most: int = 1_000, seed: int = 0
    ) -> "Sample":
        """A sample of a table's rows.

        `most` 0 draws none, less raises InvalidParameter; DataError for a column that is lost or holds texts.
        """
        if most < 0:
            raise InvalidParameter("most", ">= 0", most)
        if not 0 <= seed < 2**63:
            raise InvalidParameter("seed", "from 0 to 2^63 - 1", seed)
        there, rows = columns_of(features)
        by_name = dict(there)
        values = np.empty((rows, len(columns)))
        for at, name in enumerate(columns):
            if name not in by_name:
                raise DataError(f"the table has no column {name!r}: {did_you_mean(name, by_name)}")
            found = numbers_of(by_name[name], name)
            if found is None:
                raise DataError(f"column {name!r} holds texts, which are never sampled: leave it out")
            # Without -0, which is no other number.
            values[:, at] = found[0] + 0.0
        hashes = radix.hash_rows(values, seed)
        return cls(tuple(columns), most, seed, values, hashes, np.ones(rows, np.int64), rows)._smallest()

    def __add__(self, other: "Sample") -> "Sample":
        """The sample of the rows of both; DataError for other columns, sizes or seeds."""
        if (self.columns, self.most, self.seed) != (other.columns, other.most, other.seed):
            raise DataError("samples add only with the same columns, size and seed")
        parts = zip(
            (self.values, self.hashes, self.counts), (other.values, other.hashes, other.counts), strict=True
        )
        values, hashes, counts = (np.concatenate(pair) for pair in parts)
        seen = self.seen + other.seen
        return Sample(self.columns, self.most, self.seed, values, hashes, counts, seen)._smallest()

    @property
    def table(self) -> pd.DataFrame:
        """The rows, by column; those that stand for more are there once."""
        return pd.DataFrame(self.values, columns=list(self.columns))

    def _smallest(self) -> "Sample":
        different = np.unique(self.hashes)[: self.most]
        # Only of these few is it worth knowing where they stand.
        held = np.flatnonzero(self.hashes <= different[-1]) if len(different) else np.empty(0, np.int64)
        hashes, first, which = np.unique(self.hashes[held], return_index=True, return_inverse=True)
        counts = np.zeros(len(hashes), np.int64)
        np.add.at(counts, which, self.counts[held])
        values = self.values[held[first]]
        return Sample(self.columns, self.most, self.seed, values, hashes, counts, self.seen)

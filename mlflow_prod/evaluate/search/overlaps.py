"""Which of some slices each row lies in: what they share, however many columns their overlaps have."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.errors import DataError
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.profile.cells import Slice
from mlflow_prod.profile.levels import Levels
from mlflow_prod.profile.wire import pack, unpack

# Slices that are told apart, in whole words of 64 bits.
MOST_SLICES = 256
# Ways of lying in them that are kept: 2.6 MB.
MOST_WAYS = 1 << 15
# Sums of rows, w, w^2, w v, w^2 v and w^2 v^2, with a row's weight w and value v.
SUMS = 6


class Overlaps:
    """Sums over the rows that lie in the same of up to 256 slices.

    `a + b` is that of the rows of both: numbers of rows exactly, sums to 1e-12. Bounded: where rows lie in
    slices in more than 32,768 ways, only the first half of the slices are told apart, or of these the first
    half, as often as need be. How many are does not depend on the order of rows.
    """

    def __init__(self, slices: int = MOST_SLICES) -> None:
        self.slices = min(slices, MOST_SLICES)
        self._inside = np.zeros((0, MOST_SLICES // 64), np.uint64)
        self.sums = np.zeros((SUMS, 0))

    @property
    def inside(self) -> np.ndarray:
        """(ways, slices) bool: the slices that each of the columns of `sums`, (6, ways), lies in."""
        bits = np.unpackbits(self._inside.view(np.uint8), axis=1)
        return bits[:, : self.slices].astype(bool)

    def add(self, inside: np.ndarray, sums: np.ndarray) -> None:
        """Counts a batch: words (n, 4), as `words` has them, and of each row what is summed up, (6, n)."""
        inside, sums = np.concatenate([self._inside, inside]), np.concatenate([self.sums, sums], axis=1)
        while True:
            told = inside & words(np.arange(MOST_SLICES) < self.slices)
            way = _ways(told)
            ways = int(way.max(initial=-1)) + 1
            if ways <= MOST_WAYS:
                break
            self.slices -= -(-self.slices // 8)
        self._inside = np.zeros((ways, told.shape[1]), np.uint64)
        self._inside[way] = told
        self.sums = np.stack([np.bincount(way, row, ways) for row in sums])

    def __add__(self, other: Self) -> Self:
        """The overlaps of the rows of both."""
        found = type(self)(min(self.slices, other.slices))
        for one in (self, other):
            found.add(one._inside, one.sums)
        return found

    def to_bytes(self) -> bytes:
        """What `from_bytes` makes equal overlaps of."""
        return pack({"slices": self.slices}, [self._inside.view(np.uint8).ravel(), self.sums.ravel()])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Overlaps":
        """The inverse of `to_bytes`; DataError for what is none."""
        head, arrays = unpack(data)
        try:
            found, (inside, sums) = cls(int(head["slices"])), arrays
            found.add(
                inside.astype(np.uint8).view(np.uint64).reshape(-1, MOST_SLICES // 64), sums.reshape(SUMS, -1)
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(f"these bytes are no overlaps of slices: {problem}") from problem
        return found


class Valued(Protocol):
    """How rows are searched."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What slices are cut by."""

    def values(self, rows: Rows) -> np.ndarray:
        """What each row costs, (n,) float64."""


@dataclass(frozen=True)
class Overlapping:
    """Counts rows by the slices that they lie in, of which there are 1 to 256."""

    searched: Valued
    slices: tuple[Slice, ...]

    def cells(self) -> Overlaps:
        """Overlaps that hold nothing yet."""
        return Overlaps(len(self.slices))

    def add(self, cells: Overlaps, rows: Rows, groups: Sequence[pa.Array]) -> None:
        """Counts a batch."""
        inside = np.tile(words(np.arange(MOST_SLICES) < len(self.slices)), (len(rows.target), 1))
        for (values, others), column in zip(self._words, groups, strict=True):
            if values:
                levels = Levels()
                codes = levels.encode(column)
                inside &= np.stack([values.get(text, others) for text in levels.names])[codes]
        value = self.searched.values(rows)
        weight = np.ones(len(value)) if rows.weight is None else rows.weight
        squares = np.square(weight)
        once = [np.ones(len(value)), weight, squares]
        cells.add(inside, np.stack([*once, weight * value, squares * value, squares * np.square(value)]))

    @cached_property
    def _words(self) -> list[tuple[dict[str, np.ndarray], np.ndarray]]:
        """Of each column the slices that rows with a value of it may lie in, and those with any other."""
        found = []
        for column in self.searched.columns:
            wanted = [dict(cut).get(column) for cut in self.slices]
            values = {
                text: words([one in (None, text) for one in wanted]) for text in wanted if text is not None
            }
            found.append((values, words([one is None for one in wanted])))
        return found


def words(bits: Sequence[bool] | np.ndarray) -> np.ndarray:
    """Up to 256 truths as (4,) uint64."""
    padded = np.zeros(MOST_SLICES, bool)
    padded[: len(bits)] = bits
    return np.packbits(padded).view(np.uint64)


def _ways(inside: np.ndarray) -> np.ndarray:
    """(n,) int64: a number for each row of words, from 0 up, the same where they are the same."""
    way = np.zeros(len(inside), np.int64)
    for word in inside.T:
        codes, different = pd.factorize(word)
        way, _ = pd.factorize(way * len(different) + codes)
    return way

"""Counts of numbers in buckets that adapt to them and add."""

import math
from dataclasses import dataclass

import numpy as np

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.profile import radix


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many finite numbers lie in each bucket of equal leading bits.

    `a + b` is, exactly and in any order and grouping, the histogram of the numbers of both: the shift depends
    on nothing but the numbers. Up to 4,096 different ones have a bucket each (shift 0), and every figure is
    exact; more share buckets of equal relative width, and figures come with their bounds. Not for what is
    wanted of single rows: it knows none.

    Parameters
    ----------
    shift : bits that were dropped, 0 to 52, the least that leaves at most 4,096 buckets.
    keys : (b,) int64 ascending, the buckets that hold numbers other than 0 (`radix.keys_of`, shifted).
    counts : (b,) int64 > 0.
    zeros : numbers that are 0, which have a bucket to themselves.
    least, greatest : of all, NaN of none. Values of single rows: for nothing that is stored with a model.
    """

    shift: int
    keys: np.ndarray
    counts: np.ndarray
    zeros: int
    least: float
    greatest: float

    def __post_init__(self) -> None:
        if not 0 <= self.shift <= radix.MOST_SHIFT or self.keys.shape != self.counts.shape:
            raise DataError("a histogram needs a shift from 0 to 52, and a count for each key")
        if len(self.keys) > radix.MOST_BUCKETS or np.any(self.keys[1:] <= self.keys[:-1]) or self.zeros < 0:
            raise DataError(f"keys of a histogram must ascend and be at most {radix.MOST_BUCKETS}")
        if self.counts.dtype.kind not in "iu" or np.any(self.counts <= 0):
            raise DataError("counts of a histogram must be whole numbers > 0")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def _parts(self) -> tuple[object, ...]:
        ends = (repr(self.least), repr(self.greatest))
        return self.shift, self.keys.tobytes(), self.counts.tobytes(), self.zeros, *ends

    def __add__(self, other: "Histogram") -> "Histogram":
        """The histogram of the numbers of both."""
        shift = max(self.shift, other.shift)
        a, b = self.coarser(shift), other.coarser(shift)
        keys, counts = radix.merged(a.keys, a.counts, b.keys, b.counts)
        more = radix.least_shift(keys, radix.MOST_BUCKETS)
        keys, counts = radix.coarsened(keys, counts, more)
        least = float(np.fmin(self.least, other.least))
        greatest = float(np.fmax(self.greatest, other.greatest))
        return Histogram(shift + more, keys, counts, self.zeros + other.zeros, least, greatest)

    def coarser(self, shift: int) -> "Histogram":
        """The same numbers with more bits dropped; `shift` at least that of this one."""
        if shift == self.shift:
            return self
        keys, counts = radix.coarsened(self.keys, self.counts, shift - self.shift)
        return Histogram(shift, keys, counts, self.zeros, self.least, self.greatest)

    @property
    def rows(self) -> int:
        """Numbers counted."""
        return int(self.counts.sum()) + self.zeros

    @property
    def exact(self) -> bool:
        """Whether each different number has a bucket to itself."""
        return self.shift == 0

    def buckets(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First and last key (b,) int64 that each bucket could hold, ascending, 0 among them, and counts."""
        first = self.keys << self.shift
        last = first + ((1 << self.shift) - 1)
        # The bucket from 0 up holds what is too small to be told from it, but not 0.
        first = np.where(first == 0, 1, first)
        if not self.zeros:
            return first, last, self.counts
        at = int(np.searchsorted(self.keys, 0))
        return np.insert(first, at, 0), np.insert(last, at, 0), np.insert(self.counts, at, self.zeros)

    def quantile(self, q: float) -> tuple[float, float, float]:
        """The least number that a share `q` of all are not above: (value, low, high), low <= it <= high.

        The three are equal where the number is known, as it is of up to 4,096 different ones. `q`: from 0 to
        1. Raises InvalidParameter, DataError where nothing was counted. As numpy's `inverted_cdf`.
        """
        if not 0 <= q <= 1:
            raise InvalidParameter("q", "from 0 to 1", q)
        if not self.rows:
            raise DataError("a quantile of no numbers: the column holds missing or infinite values only")
        first, last, counts = self.buckets()
        reached = np.cumsum(counts)
        rank = max(1, math.ceil(q * self.rows))
        at = int(np.searchsorted(reached, rank))
        low, high = np.clip(radix.values_of(np.array([first[at], last[at]])), self.least, self.greatest)
        if rank in (1, self.rows):
            low = high = self.least if rank == 1 else self.greatest
        share = (rank - 0.5 - (reached[at] - counts[at])) / counts[at]
        # Not low + share * (high - low), which overflows.
        return float(np.clip(low * (1 - share) + high * share, low, high)), float(low), float(high)

    def edges(self, k: int) -> tuple[float, ...]:
        """Ascending cuts, k - 1 or fewer, of bands that hold about equal shares and a number each at least.

        A band holds its lower edge: [edge, next edge). Fewer where numbers are so common that bands would be
        empty. What lies on either side of a cut is counted exactly. `k`: >= 1; raises InvalidParameter.
        """
        if k < 1:
            raise InvalidParameter("k", ">= 1", k)
        first, _, counts = self.buckets()
        reached = np.cumsum(counts)[:-1]
        if not len(reached):
            return ()
        wanted = np.arange(1, k) * self.rows / k
        after = np.searchsorted(reached, wanted).clip(0, len(reached) - 1)
        before = (after - 1).clip(0)
        nearer = np.abs(reached[before] - wanted) < np.abs(reached[after] - wanted)
        chosen = np.unique(np.where(nearer, before, after)) + 1
        return tuple(radix.values_of(first[chosen]).tolist())


def kolmogorov_smirnov(a: Histogram, b: Histogram) -> tuple[float, float]:
    """Bounds (low, high) of the largest distance between two distribution functions, 0 to 1.

    Equal where both are exact. No p value: see scipy.stats.ks_2samp for a test of few rows. Raises DataError
    where either counted no numbers.
    """
    if not a.rows or not b.rows:
        raise DataError("a distance needs numbers on both sides: one holds missing or infinite values only")
    shift = max(a.shift, b.shift)
    sides = [one.coarser(shift).buckets() for one in (a, b)]
    every = np.union1d(sides[0][0], sides[1][0])
    shares = np.zeros((2, len(every)))
    for side, (first, _, counts) in enumerate(sides):
        shares[side, np.searchsorted(every, first)] = counts / counts.sum()
    p, q = np.cumsum(shares, axis=1)
    low = float(np.abs(p - q).max())
    # Within a bucket of different numbers one side may come wholly before the other.
    inner = np.maximum(p - (q - shares[1]), q - (p - shares[0]))[every != 0]
    return low, min(1.0, max(low, inner.max(initial=0.0))) if shift else low

"""Mean and variance that add."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mlflow_prod.profile import radix

# A float64 and what it was rounded by: together some 106 bits.
Pair = tuple[float, float]


@dataclass(frozen=True)
class Moments:
    """Sums of n values and of their squares, to twice the precision of a float64.

    So `a + b` is free of order to far better than 1e-12, and the variance of values far from 0 (dates in
    seconds since 1970) does not drown in the sum of their squares: it is right to 1e-12 where the mean is up
    to 1e9 standard deviations from 0. Sums beyond 1.8e308 are NaN for good.

    Parameters
    ----------
    n : values.
    first, second : their sum and that of their squares.
    """

    n: int = 0
    first: Pair = (0.0, 0.0)
    second: Pair = (0.0, 0.0)

    @classmethod
    def of(cls, values: np.ndarray, n: int, total: float) -> "Moments":
        """Of float64 values, `n` of them finite, whose sum is about `total`; others are left out."""
        if not n:
            return cls()
        if not math.isfinite(total):
            return cls(n, (math.nan, math.nan), (math.nan, math.nan))
        middle = total / n
        once, twice = radix.spread(values, middle)
        if not math.isfinite(twice):
            return cls(n, _pair(n * Fraction(middle)), (math.nan, math.nan))
        m, d = Fraction(middle), Fraction(once)
        return cls(n, _pair(n * m + d), _pair(n * m * m + 2 * m * d + Fraction(twice)))

    def __add__(self, other: "Moments") -> "Moments":
        """The moments of the values of both."""
        first, second = _sum(self.first, other.first), _sum(self.second, other.second)
        return Moments(self.n + other.n, first, second)

    @property
    def mean(self) -> float:
        """The mean, NaN of no values."""
        return float(_exact(self.first) / self.n) if self.n and math.isfinite(self.first[0]) else math.nan

    @property
    def variance(self) -> float:
        """Mean squared distance from the mean, in the squared unit, >= 0; NaN of no values."""
        if not self.n or not math.isfinite(self.first[0]) or not math.isfinite(self.second[0]):
            return math.nan
        exact = _exact(self.second) / self.n - (_exact(self.first) / self.n) ** 2
        return max(0.0, float(exact))


def _exact(pair: Pair) -> Fraction:
    return Fraction(pair[0]) + Fraction(pair[1])


def _pair(exact: Fraction) -> Pair:
    try:
        high = float(exact)
    except OverflowError:
        return math.nan, math.nan
    return high, float(exact - Fraction(high))


def _sum(a: Pair, b: Pair) -> Pair:
    parts = (*a, *b)
    if not all(map(math.isfinite, parts)):
        return math.nan, math.nan
    try:
        high = math.fsum(parts)
    except OverflowError:
        return math.nan, math.nan
    return high, math.fsum((*parts, -high))

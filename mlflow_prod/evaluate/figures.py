"""Figures of many slices at once."""

from typing import NamedTuple

import numpy as np

from mlflow_prod.profile import Slices
from mlflow_prod.stats import quantile_of, wilson


class Figure(NamedTuple):
    """Of each slice, shape (s,): value, ends of its 95% interval, and the rows it rests on.

    NaN where there is no value, or no interval. `n` is Kish's effective number of weighted rows.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray
    n: np.ndarray

    def widened(self, confidence: float, *, share: bool) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the interval at another confidence: Wilson's of a share, else the normal ones."""
        if share:
            return wilson(np.nan_to_num(self.value) * self.n, self.n, confidence)
        half = (self.high - self.value) * quantile_of(confidence) / quantile_of(0.95)
        return self.value - half, self.value + half


class Whole(NamedTuple):
    """The rows of each slice, shape (s,): their number, their weight, its squares and effective number."""

    rows: np.ndarray
    weight: np.ndarray
    squares: np.ndarray
    n: np.ndarray

    @classmethod
    def of(cls, slices: Slices) -> "Whole":
        """The same whatever is counted in the cells."""
        rows, weight, squares = slices.totals
        return cls(rows, weight, squares, effective(weight, squares))


def effective(weight: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Kish's effective number of rows from the sums of their weights and of the squares; 0 without weight."""
    return np.divide(np.square(weight), squares, out=np.zeros_like(weight), where=squares > 0)


def share(hits: np.ndarray, of: np.ndarray, squares: np.ndarray, rows: np.ndarray) -> Figure:
    """A share with Wilson's interval: the weight of hits, then weight, its squares and number of all rows."""
    n = effective(of, squares)
    # Two sums over the same rows may differ in the last bit, and a share may not pass 1.
    value = np.divide(hits, of, out=np.full_like(of, np.nan), where=of > 0).clip(0, 1)
    low, high = wilson(np.nan_to_num(value) * n, n)
    return Figure(value, np.where(of > 0, low, np.nan), np.where(of > 0, high, np.nan), rows, n)


def average(whole: Whole, once: np.ndarray, twice: np.ndarray, squared: np.ndarray) -> Figure:
    """The mean of a row value v with its normal interval, from sums of w v, w^2 v and w^2 v^2, each (s,).

    The linearised standard error of a ratio, which equals the plain one for equal weights; no interval for
    one row. As `stats.mean` of the rows themselves.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        value = once / whole.weight
        spread = (squared - 2 * value * twice + np.square(value) * whole.squares).clip(0)
        return around(value, spread, whole)


def around(value: np.ndarray, spread: np.ndarray, whole: Whole) -> Figure:
    """A ratio of sums with its normal interval; `spread` (s,): sum of w^2 times a row's squared influence."""
    with np.errstate(divide="ignore", invalid="ignore"):
        half = quantile_of(0.95) * np.sqrt(spread / np.square(whole.weight) * whole.n / (whole.n - 1))
    half = np.where(whole.n > 1 + 1e-9, half, np.nan)
    return Figure(value, value - half, value + half, whole.rows, whole.n)


def at_least_zero(figure: Figure) -> Figure:
    """The same with the lower end where a figure that cannot be negative ends."""
    return figure._replace(low=figure.low.clip(0))

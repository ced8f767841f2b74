"""Figures of many slices at once."""

from typing import NamedTuple

import numpy as np

from mlflow_prod.stats import wilson


class Figure(NamedTuple):
    """Of each slice, shape (s,): value, ends of its 95% interval, and the effective rows it rests on.

    NaN where there is no value, or no interval.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


def share(hits: np.ndarray, of: np.ndarray, squares: np.ndarray, confidence: float = 0.95) -> Figure:
    """A share with Wilson's interval: weight that counts, weight of all, and sum of all squared weights (s,)."""
    n = np.divide(np.square(of), squares, out=np.zeros_like(of), where=squares > 0)
    # Two sums over the same rows may differ in the last bit, and a share may not pass 1.
    value = np.divide(hits, of, out=np.full_like(of, np.nan), where=of > 0).clip(0, 1)
    low, high = wilson(np.nan_to_num(value) * n, n, confidence)
    return Figure(value, np.where(of > 0, low, np.nan), np.where(of > 0, high, np.nan), n)

"""Do two vectors of counts come from one distribution?"""

import numpy as np
from numpy.typing import ArrayLike

from mlflow_prod.errors import InvalidParameter


def chi_squared(first: ArrayLike, second: ArrayLike, least: float = 5.0) -> float:
    """p value of the chi-squared test of homogeneity of two count vectors, both of shape (cells,).

    Neighbouring cells are joined until each expects at least `least` counts in both samples, where the
    approximation holds (0: none are joined, empty cells are dropped), so that small batches are tested on
    a coarser grid. One cell left: 1.0. A sample without counts or negative counts: InvalidParameter. Not
    a measure of size: with many rows any difference has a small p value.

    >>> round(chi_squared([50, 30, 20], [30, 30, 40]), 5)
    0.00293
    """
    table = np.stack(np.broadcast_arrays(np.asarray(first, np.float64), np.asarray(second, np.float64)))
    totals = table.sum(axis=1)
    if np.any(table < 0) or not np.all(totals > 0):
        raise InvalidParameter("counts", ">= 0 with a positive sum in both samples", totals.tolist())
    share = totals / totals.sum()
    table = _joined(table[:, table.sum(axis=0) > 0], least / share.min())
    cells = table.shape[1]
    if cells < 2:
        return 1.0
    from scipy.special import gammaincc

    expected = share[:, None] * table.sum(axis=0)
    statistic = float((np.square(table - expected) / expected).sum())
    return float(gammaincc((cells - 1) / 2, statistic / 2))


def _joined(table: np.ndarray, least: float) -> np.ndarray:
    groups, held = [], 0.0
    start = 0
    for cell, count in enumerate(table.sum(axis=0)):
        held += count
        if held >= least:
            groups.append(start)
            start, held = cell + 1, 0.0
    # What is left at the end is too little to stand alone: it stays with the last group.
    return np.add.reduceat(table, groups or [0], axis=1)

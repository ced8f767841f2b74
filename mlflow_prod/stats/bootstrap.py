"""Intervals of whatever can be computed from counts."""

from collections.abc import Callable

import numpy as np

from mlflow_prod.errors import InvalidParameter


def poisson_bootstrap(
    counts: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    seed: int,
    replicates: int = 400,
    confidence: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of `statistic` of `counts`: percentiles over replicates, in which a row counts Poisson(1).

    Rows of one cell together then count Poisson(their number), so that cells are drawn, not rows: the cost
    does not grow with rows, and the result does not depend on how they were partitioned.

    Parameters
    ----------
    counts : whole numbers >= 0, of any shape; not weights, of which no cell knows how they were spread.
    statistic : from counts of shape (replicates, *counts.shape) to figures (replicates, ...); NaN where a
        replicate has none, which is then left out.
    seed : same seed, same interval.

    Not for a statistic at the end of its range, nor for one that is far from linear at few rows: percentiles
    are then too short. Raises InvalidParameter. Source: N. Chamandy et al., Estimating Uncertainty for
    Massive Data Streams (Google, 2012).

    >>> low, high = poisson_bootstrap(np.array([40, 60]), lambda c: c[:, 0] / c.sum(axis=1), seed=0)
    >>> bool(0.28 < low < 0.33 < 0.47 < high < 0.52)
    True
    """
    if not 0 < confidence < 1:
        raise InvalidParameter("confidence", "strictly between 0 and 1", confidence)
    if replicates < 100:
        raise InvalidParameter("replicates", "at least 100", replicates)
    if np.any(np.asarray(counts) < 0):
        raise InvalidParameter("counts", ">= 0", np.min(counts))
    drawn = np.random.default_rng(seed).poisson(counts, (replicates, *np.shape(counts)))
    found = statistic(drawn)
    low, high = np.nanquantile(found, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return low, high

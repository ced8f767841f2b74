"""Intervals of proportions and of their differences."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from mlflow_prod.errors import InvalidParameter


def quantile_of(confidence: float) -> float:
    """The two-sided standard normal quantile, 1.96 for 0.95; `confidence` lies strictly between 0 and 1."""
    if not 0 < confidence < 1:
        raise InvalidParameter("confidence", "strictly between 0 and 1", confidence)
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of a proportion, (low, high), float64 of the inputs' common shape.

    Counts may be fractional (effective counts of weighted rows), 0 <= successes <= n. With n = 0
    nothing is known: (0, 1). The ends never leave [0, 1] and hold successes / n. Not for counts
    that hang together (several rows of one person): the interval is then too short.

    Raises InvalidParameter. Source: E. B. Wilson, JASA 22 (1927), 209-212.

    >>> low, high = wilson(8, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.49, 0.943)
    """
    z2 = quantile_of(confidence) ** 2
    hits, total = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(n, np.float64))
    if not np.all((hits >= 0) & (hits <= total) & np.isfinite(total)):
        raise InvalidParameter("successes", "between 0 and n", successes)
    misses = total - hits
    # Written with both counts so that 0 and n successes end in exactly 0 and 1.
    spread = np.sqrt(z2 * (z2 / 4 + hits * misses / np.where(total > 0, total, 1)))
    low = np.where(hits > 0, (hits + z2 / 2 - spread) / (total + z2), 0.0)
    high = np.where(misses > 0, (hits + z2 / 2 + spread) / (total + z2), 1.0)
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def clopper_pearson(
    successes: ArrayLike, n: ArrayLike, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """The exact interval of a proportion, (low, high), float64 of the inputs' common shape.

    Holds the truth at least as often as it says, at any n and rate; wider for it than Wilson's, which does so
    on average. With n = 0: (0, 1). Raises InvalidParameter. Source: C. Clopper and E. Pearson, Biometrika 26
    (1934), 404-413.

    >>> low, high = clopper_pearson(8, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.444, 0.975)
    """
    from scipy.stats import beta

    quantile_of(confidence)
    hits, total = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(n, np.float64))
    if not np.all((hits >= 0) & (hits <= total) & np.isfinite(total)):
        raise InvalidParameter("successes", "between 0 and n", successes)
    misses, tail = total - hits, (1 - confidence) / 2
    low = np.where(hits > 0, beta.ppf(tail, np.maximum(hits, 1), misses + 1), 0.0)
    high = np.where(misses > 0, beta.ppf(1 - tail, hits + 1, np.maximum(misses, 1)), 1.0)
    return low, high


def newcombe(
    first: tuple[ArrayLike, ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike, ArrayLike]
) -> tuple[np.ndarray, np.ndarray]:
    """Newcombe's interval (low, high) of the difference first - second of two independent proportions.

    Each argument is (value, low, high) with Wilson's ends; the result has the confidence of these
    ends. Not for proportions of the same rows (use a paired test). Source: R. G. Newcombe,
    Statistics in Medicine 17 (1998), 873-890, method 10.

    >>> low, high = newcombe((56 / 70, *wilson(56, 70)), (48 / 80, *wilson(48, 80)))
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    p, p_low, p_high = (np.asarray(part, np.float64) for part in first)
    q, q_low, q_high = (np.asarray(part, np.float64) for part in second)
    gap = p - q
    return gap - np.hypot(p - p_low, q_high - q), gap + np.hypot(p_high - p, q - q_low)


def pairs_confidence(groups: int, confidence: float = 0.95) -> float:
    """The confidence each group's interval needs so that all pairs of `groups` hold together (Bonferroni).

    >>> round(pairs_confidence(3), 4)
    0.9833
    """
    return bonferroni(max(1, groups * (groups - 1) // 2), confidence)


def bonferroni(statements: int, confidence: float = 0.95) -> float:
    """The confidence each of `statements`, >= 1, needs so that all of them hold together.

    >>> round(bonferroni(10), 4)
    0.995
    """
    return 1 - (1 - confidence) / statements


def largest_gap(values: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[float, float, float]:
    """(gap, low, high): the largest difference between any two of `values`, shape (groups,), groups >= 2.

    `low` and `high` are the ends of each group's interval at `pairs_confidence(groups)`; the result then
    holds the largest gap with the confidence asked for there: every pair's interval is Newcombe's, and they
    hold together. Groups must not share rows. Fewer than two groups: InvalidParameter.

    >>> rates = np.array([0.8, 0.6])
    >>> tuple(round(x, 4) for x in largest_gap(rates, *wilson(rates * 80, 80, pairs_confidence(2))))
    (0.2, 0.058, 0.3316)
    """
    value, least, most = (np.asarray(part, np.float64) for part in (values, low, high))
    if len(value) < 2:
        raise InvalidParameter("values", "at least two groups", len(value))
    nearest, farthest = 0.0, 0.0
    for group in range(len(value) - 1):
        one = (value[group], least[group], most[group])
        ends = newcombe(one, (value[group + 1 :], least[group + 1 :], most[group + 1 :]))
        # The size of a difference whose interval straddles 0 may be 0.
        nearest = max(nearest, float(np.maximum(ends[0], -ends[1]).max()))
        farthest = max(farthest, float(np.maximum(-ends[0], ends[1]).max()))
    return float(value.max() - value.min()), nearest, farthest

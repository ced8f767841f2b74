"""Differences between two models on the same rows, where what both get wrong says nothing of either."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats.auc import components
from mlflow_prod.stats.means import effective_n
from mlflow_prod.stats.proportions import quantile_of, wilson

Difference = tuple[float, float, float]


def paired_proportions(
    first: np.ndarray, second: np.ndarray, weight: np.ndarray | None = None, confidence: float = 0.95
) -> Difference:
    """(difference, low, high) of the share of hits of `first` over that of `second`, bool (n,), same rows.

    Newcombe's square-and-add interval with the correlation of the two (method 10); with `weight` (n,) >= 0
    shares are weighted and n is Kish's effective number. At least one row, else InvalidParameter.

    Source: R. Newcombe, Statistics in Medicine 17 (1998), 2635-2650.

    >>> same = np.array([True] * 90 + [False] * 10)
    >>> paired_proportions(same, same)[0]
    0.0
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    mass = np.ones(len(first)) if weight is None else np.asarray(weight, np.float64)
    if len(first) != len(second) or mass.sum() <= 0:
        raise InvalidParameter("second", f"of the length of first ({len(first)}), with weight", len(second))
    n = effective_n(mass)
    share = mass / mass.sum()
    both, only_first, only_second, neither = (
        n * float(share[of].sum())
        for of in (first & second, first & ~second, ~first & second, ~first & ~second)
    )
    p, q = (min(1.0, (both + only) / n) for only in (only_first, only_second))
    (p_low, q_low), (p_high, q_high) = wilson(np.array([p, q]) * n, n, confidence)
    scale = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    cross = both * neither - only_first * only_second
    # Newcombe's continuity correction, which keeps the correlation from being taken as too large.
    cross = max(0.0, cross - n / 2) if cross > 0 else cross
    phi = cross / np.sqrt(scale) if scale > 0 else 0.0
    below = (p - p_low) ** 2 - 2 * phi * (p - p_low) * (q_high - q) + (q_high - q) ** 2
    above = (p_high - p) ** 2 - 2 * phi * (p_high - p) * (q - q_low) + (q - q_low) ** 2
    return p - q, float(p - q - np.sqrt(max(0.0, below))), float(p - q + np.sqrt(max(0.0, above)))


def paired_auc(
    positive: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    weight: np.ndarray | None = None,
    confidence: float = 0.95,
) -> Difference:
    """(difference, low, high) of the AUC of scores `first` over that of `second`, (n,) on the same rows.

    DeLong's test of two correlated curves: the variance of the difference of their structural components. At
    least two rows of each class, else InvalidParameter. Source: as `delong`.
    """
    area_a, of_positives_a, of_negatives_a, mass = components(positive, first, weight)
    area_b, of_positives_b, of_negatives_b, _ = components(positive, second, weight)
    variance = _variance(of_positives_a - of_positives_b, mass[positive])
    variance += _variance(of_negatives_a - of_negatives_b, mass[~positive])
    half = quantile_of(confidence) * float(np.sqrt(variance))
    gap = area_a - area_b
    return gap, gap - half, gap + half


def mcnemar(
    first: ArrayLike, second: ArrayLike, method: Literal["mid-p", "exact", "chi-squared"] = "mid-p"
) -> np.ndarray:
    """Two-sided p value of whether two models hit equally often on the same rows, of the counts' shape.

    Parameters
    ----------
    first, second : rows, whole numbers >= 0, that only the first, and only the second, gets right.
    method : "exact": binomial, below 5% in no more than 5% of cases, and far fewer at few rows. "mid-p": half
        of what was found counts, which comes nearer to 5%. "chi-squared": the uncorrected approximation, for
        comparison with others'; not below some 25 rows.

    Without a row that tells them apart: 1. Raises InvalidParameter. How far they differ:
    `paired_proportions`. Sources: Q. McNemar, Psychometrika 12 (1947), 153-157; M. Fagerland et al., BMC
    Medical Research Methodology 13 (2013), 91.

    >>> round(float(mcnemar(12, 4)), 4), round(float(mcnemar(12, 4, "exact")), 4)
    (0.049, 0.0768)
    """
    from scipy.stats import binom, chi2

    one, other = np.broadcast_arrays(np.asarray(first, np.float64), np.asarray(second, np.float64))
    if not np.all((one >= 0) & (other >= 0) & (one % 1 == 0) & (other % 1 == 0)):
        raise InvalidParameter("first and second", "whole numbers >= 0", (first, second))
    both, fewer = one + other, np.minimum(one, other)
    if method == "chi-squared":
        statistic = np.divide(np.square(one - other), both, out=np.zeros(both.shape), where=both > 0)
        return np.asarray(chi2.sf(statistic, 1))
    if method not in ("exact", "mid-p"):
        raise InvalidParameter("method", "one of mid-p, exact, chi-squared", method)
    p = 2 * binom.cdf(fewer, both, 0.5)
    if method == "mid-p":
        p = p - binom.pmf(fewer, both, 0.5)
    # Where both are equal the two tails share their middle.
    return np.where(one == other, 1.0, p.clip(0, 1))


def paired_bootstrap(
    first: np.ndarray,
    second: np.ndarray,
    statistic: Callable[[np.ndarray, np.ndarray], float],
    seed: int,
    replicates: int = 1_000,
    confidence: float = 0.95,
) -> Difference:
    """(difference, low, high) of `statistic` of scores `first` over that of `second`, of the same rows.

    Percentiles over replicates, in each of which a row counts Poisson(1) times, for both models alike. For
    any figure that has no formula; where it has one (`paired_proportions`, `paired_auc`) that is quicker.

    Parameters
    ----------
    first, second : (n, ...) the scores, n >= 1.
    statistic : figure of (scores, counts): `counts` (n,) whole numbers, how often each row counts. NaN where
        a replicate has none, which is then left out.
    seed : same seed, same interval. `replicates`: at least 100.

    Takes replicates x 2 calls. Not at few rows (below some 30), where percentiles are too short, nor for a
    figure at the end of its range. Raises InvalidParameter. Source: B. Efron and R. Tibshirani, An
    Introduction to the Bootstrap (1993), with Poisson weights as in `poisson_bootstrap`.

    >>> truth = np.arange(100) % 7
    >>> error = lambda scores, counts: float(np.average(np.abs(scores - truth), weights=counts))
    >>> gap, low, high = paired_bootstrap(truth + 0.5, truth + 0.4, error, seed=0)
    >>> round(gap, 6), round(low, 6), round(high, 6)
    (0.1, 0.1, 0.1)
    """
    if len(first) != len(second) or not len(first):
        raise InvalidParameter("second", f"of the length of first ({len(first)}), >= 1", len(second))
    if replicates < 100:
        raise InvalidParameter("replicates", "at least 100", replicates)
    if not 0 < confidence < 1:
        raise InvalidParameter("confidence", "strictly between 0 and 1", confidence)

    def gap(counts: np.ndarray) -> float:
        return statistic(first, counts) - statistic(second, counts)

    rng, ends = np.random.default_rng(seed), ((1 - confidence) / 2, (1 + confidence) / 2)
    drawn = [gap(rng.poisson(1, len(first))) for _ in range(replicates)]
    low, high = np.nanquantile(drawn, ends)
    return gap(np.ones(len(first), np.int64)), float(low), float(high)


def paired_mean(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Difference:
    """(difference, low, high) of the mean of `first` over that of `second`, (n,), n >= 2, pair by pair.

    Student's t interval of the mean difference: for few pairs, such as two ways to train from the same seeds.
    It speaks of what differs between the pairs alone; seeds measured on the same rows say nothing of other
    rows. Not for differences with heavy tails, nor for shares of hits (`paired_proportions`). Raises
    InvalidParameter. Source: Student, Biometrika 6 (1908), 1-25.

    >>> gap, low, high = paired_mean([3.0, 4.0, 6.0], [1.0, 3.0, 3.0])
    >>> round(gap, 3), round(low, 3), round(high, 3)
    (2.0, -0.484, 4.484)
    """
    from scipy.stats import t

    shapes = np.shape(first), np.shape(second)
    if shapes[0] != shapes[1] or len(shapes[0]) != 1 or shapes[0][0] < 2:
        raise InvalidParameter("first and second", "of one length >= 2", shapes)
    gaps = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    if not np.isfinite(gaps).all():
        raise InvalidParameter("first and second", "finite", gaps[~np.isfinite(gaps)][0])
    if not 0 < confidence < 1:
        raise InvalidParameter("confidence", "strictly between 0 and 1", confidence)
    half = float(t.ppf((1 + confidence) / 2, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps)))
    return float(gaps.mean()), float(gaps.mean()) - half, float(gaps.mean()) + half


def _variance(values: np.ndarray, mass: np.ndarray) -> float:
    share = mass / mass.sum()
    centre = float((share * values).sum())
    return float((share * np.square(values - centre)).sum()) / (effective_n(share) - 1)

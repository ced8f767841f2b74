"""Differences between two models on the same rows, where what both get wrong says nothing of either."""

import numpy as np

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


def _variance(values: np.ndarray, mass: np.ndarray) -> float:
    share = mass / mass.sum()
    centre = float((share * values).sum())
    return float((share * np.square(values - centre)).sum()) / (effective_n(share) - 1)

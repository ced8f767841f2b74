"""Means with their uncertainty, and what weights do to the number of rows."""

import numpy as np

from mlflow_prod.stats.proportions import quantile_of


def effective_n(weight: np.ndarray) -> float:
    """Kish's effective number of rows, (sum w)^2 / sum w^2: n for equal weights, less for unequal ones.

    `weight` shape (n,), >= 0; 0.0 when nothing carries weight. Source: L. Kish, Survey Sampling (1965).

    >>> effective_n(np.array([1.0, 1.0, 2.0]))
    2.6666666666666665
    """
    squares = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def mean(
    values: np.ndarray, weight: np.ndarray | None = None, confidence: float = 0.95
) -> tuple[float, float, float]:
    """(mean, low, high) of `values`, shape (n,), with the normal interval of the mean.

    With weights: the weighted mean, and the linearised standard error of a ratio, which equals the
    plain one for equal weights. One value tells nothing of its spread: the interval is then infinite.
    Not for heavy tails at small n, where the normal interval is too short. n = 0: (nan, -inf, inf).

    >>> tuple(round(x, 3) for x in mean(np.array([1.0, 2.0, 3.0])))
    (2.0, 0.868, 3.132)
    """
    z = quantile_of(confidence)
    mass = np.ones(len(values)) if weight is None else np.asarray(weight, np.float64)
    if not mass.sum() > 0:
        return float("nan"), float("-inf"), float("inf")
    share = mass / mass.sum()
    centre = float((share * values).sum())
    rows = effective_n(share)
    if rows <= 1 + 1e-9:
        return centre, float("-inf"), float("inf")
    # n / (n - 1) in effective rows: without it the spread of few rows is underrated.
    half = z * float(np.sqrt(np.square(share * (values - centre)).sum() * rows / (rows - 1)))
    return centre, centre - half, centre + half

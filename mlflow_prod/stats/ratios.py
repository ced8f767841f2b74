"""Intervals of ratios of two figures that are not negative."""

import numpy as np
from numpy.typing import ArrayLike

from mlflow_prod.errors import InvalidParameter


def mover_ratio(
    first: tuple[ArrayLike, ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike, ArrayLike]
) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of the ratio first / second of two independent figures >= 0, float64 of the common shape.

    Each argument is (value, low, high), such as a proportion with Wilson's ends; the result has the
    confidence of these ends. Where `second` may be 0 the ratio has no upper end (infinity); 0 / 0 is (0,
    infinity). Not for figures that may be negative, nor for figures of the same rows.

    Source: A. Donner and G. Zou, Statistical Methods in Medical Research 21 (2012), 347-359.

    >>> from mlflow_prod.stats import wilson
    >>> low, high = mover_ratio((0.3, *wilson(30, 100)), (0.6, *wilson(60, 100)))
    >>> round(float(low), 3), round(float(high), 3)
    (0.355, 0.696)
    """
    p, p_low, p_high, q, q_low, q_high = np.broadcast_arrays(
        *(np.asarray(part, np.float64) for part in (*first, *second))
    )
    if np.any(p_low < 0) or np.any(q_low < 0):
        raise InvalidParameter("low", ">= 0", float(min(p_low.min(), q_low.min())))
    product = p * q
    # Each end solves a quadratic equation; in this form the root holds where its leading factor is 0, too.
    below, above = p_low * (2 * p - p_low), p_high * (2 * p - p_high)
    up, down = q_high * (2 * q - q_high), q_low * (2 * q - q_low)
    whole = product + np.sqrt(np.maximum(product**2 - below * up, 0))
    low = np.divide(below, whole, out=np.zeros_like(product), where=below > 0)
    root = product + np.sqrt(np.maximum(product**2 - above * down, 0))
    high = np.divide(root, down, out=np.full_like(product, np.inf), where=down > 0)
    return low, high


def smallest_ratio(values: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[float, float, float]:
    """(ratio, low, high): the smallest ratio between any two of `values`, shape (groups,), >= 0, groups >= 2.

    `low` and `high` are the ends of each group's interval at `pairs_confidence(groups)`; the result then
    holds the smallest ratio with the confidence asked for there, as `largest_gap` does the largest
    difference. At most 1. Where all values are 0 the ratio is NaN and its interval tells nothing: (0, 1).
    Groups must not share rows. Fewer than two groups: InvalidParameter.

    >>> from mlflow_prod.stats import pairs_confidence, wilson
    >>> rates = np.array([0.8, 0.6])
    >>> tuple(round(x, 3) for x in smallest_ratio(rates, *wilson(rates * 80, 80, pairs_confidence(2))))
    (0.75, 0.602, 0.921)
    """
    value, least, most = (np.asarray(part, np.float64) for part in (values, low, high))
    if len(value) < 2:
        raise InvalidParameter("values", "at least two groups", len(value))
    nearest, farthest = 1.0, 1.0
    for group in range(len(value)):
        one, others = (value[group], least[group], most[group]), np.arange(len(value)) != group
        ends = mover_ratio(one, (value[others], least[others], most[others]))
        nearest, farthest = min(nearest, float(ends[0].min())), min(farthest, float(ends[1].min()))
    top = float(value.max())
    return float(value.min()) / top if top > 0 else float("nan"), nearest, farthest

"""The area under the ROC curve and its uncertainty."""

import numpy as np

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats.means import effective_n
from mlflow_prod.stats.proportions import quantile_of, wilson


def delong(positive: np.ndarray, scores: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """(AUC, variance of AUC) after DeLong, ties counted half; O(n log n) time, O(n) memory.

    `positive` (n,) bool, `scores` (n,) finite floats, `weight` (n,) > 0: pairs weigh the product of their
    weights, and Kish's effective counts stand for the counts. At least two rows of each class,
    else InvalidParameter. Where the classes are separated the variance is 0 and says nothing: take the
    interval from `auc_interval`.

    Sources: E. DeLong et al., Biometrics 44 (1988), 837-845; X. Sun and W. Xu, IEEE SPL 21 (2014), 1389-1393.

    >>> delong(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    (0.75, 0.125)
    """
    positive = np.asarray(positive, bool)
    _, of_positives, of_negatives, mass = components(positive, scores, weight)
    area, above = _spread(of_positives, mass[positive])
    return area, above + _spread(of_negatives, mass[~positive])[1]


def components(
    positive: np.ndarray, scores: np.ndarray, weight: np.ndarray | None = None
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """(AUC, of each positive row, of each negative row, weight of each row): DeLong's structural components.

    Of a row: the share of the other class whose scores lie below its own, ties counted half. Arguments and
    errors as `delong`.
    """
    positive = np.asarray(positive, bool)
    if min(positive.sum(), (~positive).sum()) < 2:
        raise InvalidParameter("positive", "at least two rows of each class", int(positive.sum()))
    order = np.argsort(scores, kind="stable")
    ranked, label = np.asarray(scores)[order], positive[order]
    mass = np.ones(len(positive)) if weight is None else np.asarray(weight, np.float64)
    tie = np.concatenate(([0], np.cumsum(ranked[1:] > ranked[:-1])))
    shares = np.empty(len(positive))
    for of in (label, ~label):
        shares[order[of]] = _share_below(tie, mass[order], ~of)[of]
    area = float(np.average(shares[positive], weights=mass[positive]))
    return area, shares[positive], shares[~positive], mass


def auc_interval(
    area: float, variance: float, positives: float, negatives: float, confidence: float = 0.95
) -> tuple[float, float]:
    """(low, high) of an AUC from DeLong's variance on the logit scale, so that it stays inside [0, 1].

    Where the variance is 0 (classes separated): Wilson's interval for as many trials as the smaller class has
    (effective) rows, which is cautious. Source: G. Qin and L. Hotilovac, SMMR 17 (2008), 207-221.

    >>> tuple(round(end, 3) for end in auc_interval(0.75, 0.002, 50, 60))
    (0.653, 0.827)
    """
    if variance <= 0 or not 0 < area < 1:
        smaller = min(positives, negatives)
        low, high = wilson(area * smaller, smaller, confidence)
        return float(low), float(high)
    centre = np.log(area / (1 - area))
    half = quantile_of(confidence) * np.sqrt(variance) / (area * (1 - area))
    low, high = 1 / (1 + np.exp(-np.array([centre - half, centre + half]).clip(-700, 700)))
    return float(low), float(high)


def _share_below(tie: np.ndarray, mass: np.ndarray, other: np.ndarray) -> np.ndarray:
    at = np.bincount(tie[other], mass[other], tie[-1] + 1)
    return ((np.cumsum(at) - at / 2) / at.sum())[tie]


def _spread(values: np.ndarray, mass: np.ndarray) -> tuple[float, float]:
    share = mass / mass.sum()
    centre = float((share * values).sum())
    rows = effective_n(share)
    return centre, float((share * np.square(values - centre)).sum()) / (rows - 1)

"""Figures of a classifier of two classes, from counts of its scores by class."""

import numpy as np

from mlflow_prod.evaluate.figures import Figure, share
from mlflow_prod.profile import Scale, Slices
from mlflow_prod.stats import auc_interval, delong_of_bins, quantile_of

NEGATIVE, POSITIVE = 0, 1


def rates(slices: Slices, scale: Scale, threshold: float) -> dict[str, Figure]:
    """Shares at a threshold, from which up the positive class is chosen, exact, with Wilson's intervals.

    `accuracy`, `positive_rate` and `negative_rate` (chosen), `precision`, `true_positive_rate`,
    `true_negative_rate`, `false_positive_rate`, `false_negative_rate`, `false_discovery_rate`,
    `false_omission_rate`. Of weighted rows shares are weighted, and n is Kish's effective number.
    """
    first = scale.first(threshold)

    def cut(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        chosen, whole = counts[..., first:].sum(-1), counts.sum(-1)
        left = whole - chosen
        return chosen[:, POSITIVE], chosen[:, NEGATIVE], left[:, POSITIVE], left[:, NEGATIVE]

    tp, fp, fn, tn = cut(slices.mass)
    s_tp, s_fp, s_fn, s_tn = cut(slices.squares)
    everyone, squares = tp + fp + fn + tn, s_tp + s_fp + s_fn + s_tn
    return {
        "accuracy": share(tp + tn, everyone, squares),
        "positive_rate": share(tp + fp, everyone, squares),
        "negative_rate": share(fn + tn, everyone, squares),
        "precision": share(tp, tp + fp, s_tp + s_fp),
        "true_positive_rate": share(tp, tp + fn, s_tp + s_fn),
        "true_negative_rate": share(tn, tn + fp, s_tn + s_fp),
        "false_positive_rate": share(fp, tn + fp, s_tn + s_fp),
        "false_negative_rate": share(fn, tp + fn, s_tp + s_fn),
        "false_discovery_rate": share(fp, tp + fp, s_tp + s_fp),
        "false_omission_rate": share(fn, tn + fn, s_tn + s_fn),
    }


def f1(found: dict[str, Figure]) -> Figure:
    """Harmonic mean of the precision and the true positive rate; delta method on the logit scale.

    F1 / (2 - F1) is the share of true positives among all rows that are positive, chosen or both (Jaccard's),
    whose Wilson interval is carried over.
    """
    precision, recall = found["precision"], found["true_positive_rate"]
    hits = recall.value * recall.n
    touched = recall.n + precision.n * (1 - np.nan_to_num(precision.value))
    jaccard = share(np.nan_to_num(hits), touched, touched)
    return Figure(*(2 * end / (1 + end) for end in jaccard[:3]), jaccard.n)


def balanced_accuracy(found: dict[str, Figure]) -> Figure:
    """Mean recall of the classes that occur; Wilson's ends combined after G. Zou and A. Donner (2008)."""
    parts = [found["true_positive_rate"], found["true_negative_rate"]]
    value = np.array([part.value for part in parts])
    seen = ~np.isnan(value)
    classes = seen.sum(axis=0)
    centre = np.nansum(value, axis=0) / np.maximum(classes, 1)
    below, above = (
        np.sqrt(np.nansum(np.square([getattr(part, end) - part.value for part in parts]), axis=0))
        / np.maximum(classes, 1)
        for end in ("low", "high")
    )
    n = parts[0].n + parts[1].n
    known = classes > 0
    ends = ((centre - below).clip(0, 1), (centre + above).clip(0, 1))
    return Figure(*(np.where(known, figure, np.nan) for figure in (centre, *ends)), n)


def auc(slices: Slices) -> tuple[Figure, np.ndarray]:
    """(area under the ROC curve with DeLong's interval, how far that of the rows may lie from it (s,))."""
    n = np.divide(
        np.square(slices.mass.sum(-1)),
        slices.squares.sum(-1),
        out=np.zeros(slices.mass.shape[:2]),
        where=slices.squares.sum(-1) > 0,
    )
    total = slices.mass.sum(-1)
    scaled = slices.mass * np.divide(n, total, out=np.zeros_like(n), where=total > 0)[..., None]
    area, variance, bound = delong_of_bins(scaled[:, POSITIVE], scaled[:, NEGATIVE])
    known = ~np.isnan(area)
    low, high = auc_interval(
        np.where(known, area, 0.5), np.where(known, variance, 0), n[:, POSITIVE], n[:, NEGATIVE]
    )
    ends = (np.where(known, end, np.nan) for end in (low, high))
    return Figure(area, *ends, n.sum(axis=1)), bound


def pr_auc(slices: Slices, scale: Scale) -> tuple[Figure, np.ndarray]:
    """(average precision with an interval on the logit scale, how far that of the rows may lie from it (s,)).

    Within a bin of several scores positive and negative rows are taken to mix evenly. Source of the interval:
    K. Boyd et al., ECML PKDD (2013), 451-466. NaN without positive rows.
    """
    ups, downs = slices.mass[:, POSITIVE, ::-1], slices.mass[:, NEGATIVE, ::-1]
    positives = ups.sum(-1)
    hits, misses = np.cumsum(ups, -1), np.cumsum(downs, -1)

    def average(hits: np.ndarray, misses: np.ndarray) -> np.ndarray:
        both = hits + misses
        found: np.ndarray = (ups * np.divide(hits, both, out=np.zeros_like(both), where=both > 0)).sum(-1)
        return found / positives

    with np.errstate(divide="ignore", invalid="ignore"):
        # Each positive row of a bin after all of the bin's negative rows, and before any of them.
        worst, best = average(hits, misses), average(hits, misses - downs)
        value = worst if scale.exact else average(hits - ups / 2, misses - downs / 2)
        bound = np.zeros_like(value) if scale.exact else np.maximum(best - value, value - worst)
        n = np.square(positives) / slices.squares[:, POSITIVE].sum(-1)
        logit = np.log(value / (1 - value))
        half = quantile_of(0.95) / np.sqrt(n * value * (1 - value))
        low, high = 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))
    inside = (value > 0) & (value < 1)
    ends = (np.where(inside, end, np.nan) for end in (low, high))
    return Figure(value, *ends, np.nan_to_num(n)), bound

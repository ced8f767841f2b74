"""Figures of a classifier of two classes, from counts of its scores by class."""

import numpy as np

from mlflow_prod.evaluate.calibration import calibration_error
from mlflow_prod.evaluate.counting import LOSSES, TENTHS
from mlflow_prod.evaluate.figures import Figure, Whole, at_least_zero, average, effective, share
from mlflow_prod.evaluate.losses import NEAREST
from mlflow_prod.profile import Scale, Slices
from mlflow_prod.stats import auc_interval, delong_of_bins, quantile_of

NEGATIVE, POSITIVE = 0, 1
TP, FP, FN, TN = range(4)
# What a rate counts, and of what.
RATES = {
    "accuracy": ((TP, TN), (TP, FP, FN, TN)),
    "positive_rate": ((TP, FP), (TP, FP, FN, TN)),
    "negative_rate": ((FN, TN), (TP, FP, FN, TN)),
    "precision": ((TP,), (TP, FP)),
    "jaccard": ((TP,), (TP, FP, FN)),
    "true_positive_rate": ((TP,), (TP, FN)),
    "true_negative_rate": ((TN,), (TN, FP)),
    "false_positive_rate": ((FP,), (TN, FP)),
    "false_negative_rate": ((FN,), (TP, FN)),
    "false_discovery_rate": ((FP,), (TP, FP)),
    "false_omission_rate": ((FN,), (FN, TN)),
}


def rates(slices: Slices, scale: Scale, threshold: float) -> dict[str, Figure]:
    """The RATES where the positive class is chosen from a threshold of `scale` up, exact; Wilson's intervals.

    Of weighted rows shares are weighted, and n is Kish's effective number.
    """
    first = scale.first(threshold)

    def outcomes(counts: np.ndarray) -> np.ndarray:
        chosen, left = counts[..., first:].sum(-1), counts[..., :first].sum(-1)
        return np.stack([chosen[:, POSITIVE], chosen[:, NEGATIVE], left[:, POSITIVE], left[:, NEGATIVE]])

    mass, squares, rows = (outcomes(counts) for counts in (slices.mass, slices.squares, slices.rows))
    return {
        name: share(
            *(
                counts[list(at)].sum(axis=0)
                for counts, at in zip((mass, mass, squares, rows), (hits, of, of, of), strict=True)
            )
        )
        for name, (hits, of) in RATES.items()
    }


def f1(found: dict[str, Figure]) -> Figure:
    """Harmonic mean of precision and true positive rate, 2 J / (1 + J) of Jaccard's J, as are its ends."""
    jaccard = found["jaccard"]
    value, low, high = (2 * end / (1 + end) for end in (jaccard.value, jaccard.low, jaccard.high))
    return jaccard._replace(value=value, low=low, high=high)


def auc(slices: Slices) -> tuple[Figure, np.ndarray]:
    """(area under the ROC curve with DeLong's interval, how far that of the rows may lie from it (s,))."""
    return area_of(slices.mass, slices.squares.sum(-1), Whole.of(slices))


def area_of(mass: np.ndarray, squares: np.ndarray, whole: Whole) -> tuple[Figure, np.ndarray]:
    """The same from the weight of rows (s, 2, bins) by class and bin, and its squares by class (s, 2)."""
    total = mass.sum(-1)
    n = np.nan_to_num(effective(total, squares))
    scaled = mass * np.divide(n, total, out=np.zeros_like(n), where=total > 0)[..., None]
    area, variance, bound = delong_of_bins(scaled[:, POSITIVE], scaled[:, NEGATIVE])
    known = ~np.isnan(area)
    # Sums of weights may pass 1 in the last bit.
    area = area.clip(0, 1)
    low, high = auc_interval(
        np.where(known, area, 0.5), np.where(known, variance, 0), n[:, POSITIVE], n[:, NEGATIVE]
    )
    low, high = (np.where(known, end, np.nan) for end in (low, high))
    return Figure(area, low, high, whole.rows, whole.n), bound


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

    # A share next to 0 has an interval that nothing is known of, from 0 to 1.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # Each positive row of a bin after all of the bin's negative rows, and before any of them.
        worst, best = average(hits, misses), average(hits, misses - downs)
        value = worst if scale.exact else average(hits - ups / 2, misses - downs / 2)
        bound = np.zeros_like(value) if scale.exact else np.maximum(best - value, value - worst)
        n = np.square(positives) / slices.squares[:, POSITIVE].sum(-1)
        logit = np.log(value / (1 - value))
        half = quantile_of(0.95) / np.sqrt(n * value * (1 - value))
        low, high = 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))
    inside = (value > 0) & (value < 1)
    low, high = (np.where(inside, end, np.nan) for end in (low, high))
    whole = Whole.of(slices)
    return Figure(value, low, high, whole.rows, whole.n), bound


def losses(slices: Slices, scale: Scale) -> dict[str, tuple[Figure, np.ndarray]]:
    """Mean `log_loss` and `brier`, each with how far that of the rows may lie from it (s,).

    Where rows are not summed up, as in crosses of columns, each bin costs the mean of what its ends cost.
    """
    whole, size = Whole.of(slices), len(slices.cuts)
    mass, squares = (counts.reshape(size, -1) for counts in (slices.mass, slices.squares))
    # What is missed by: by negative rows the score itself, by positive ones what it lacks.
    missed = np.stack([np.concatenate([end, 1 - end]) for end in scale.ends])
    costs = -np.log((1 - missed).clip(NEAREST, 1)), np.square(missed)
    found = {}
    for at, (name, ends) in enumerate(zip(LOSSES, costs, strict=True)):
        cost, off = ends.mean(axis=0), np.abs(ends[1] - ends[0]) / 2
        once, twice, squared = slices.sums[:, at].T
        binned = np.isnan(once)
        figure = average(
            whole,
            np.where(binned, mass @ cost, once),
            np.where(binned, squares @ cost, twice),
            np.where(binned, squares @ cost**2, squared),
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            found[name] = at_least_zero(figure), np.where(binned, mass @ off, 0) / whole.weight
    return found


def ece(slices: Slices, scale: Scale) -> tuple[Figure, np.ndarray]:
    """`calibration_error` of the positive class's score."""
    marks = np.full((len(slices.cuts), TENTHS), np.nan) if slices.marks is None else slices.marks
    return calibration_error(slices.mass, marks, scale, Whole.of(slices))

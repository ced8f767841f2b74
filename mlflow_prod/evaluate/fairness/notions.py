"""What it may mean that groups fare alike: the figures that each notion of fairness compares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.counting import Counting
from mlflow_prod.evaluate.fairness.gaps import Gap, Kind, between
from mlflow_prod.evaluate.figures import Figure, Whole, around, share
from mlflow_prod.profile import Scale, Slices

# Of two classes: what must be equal, of those who are chosen from a threshold up.
NOTIONS = {
    "demographic parity": ("positive_rate",),
    "disparate impact": ("positive_rate",),
    "equal opportunity": ("true_positive_rate",),
    "equalized odds": ("true_positive_rate", "false_positive_rate"),
    "predictive parity": ("precision",),
}
CALIBRATION = "calibration_in_the_large"


@dataclass(frozen=True)
class Comparison:
    """The figures of some slices that one notion compares.

    `bound` (slices,): how far each may lie from that of the rows; None where they are exact.
    """

    notion: str
    threshold: float
    figures: Mapping[str, Figure]
    kind: Kind
    bound: np.ndarray | None = None

    def gap(self, groups: Sequence[str], growth: float = 1.0) -> Gap:
        """The gap between the slices, which are called `groups`, on so many times the rows."""
        return between(self.figures, groups, self.kind, bound=self.bound, growth=growth)


def comparisons(counting: Counting, slices: Slices, thresholds: Sequence[float]) -> Iterator[Comparison]:
    """What is compared of slices, notion by notion; of two classes at each of the scale's `thresholds`."""
    if counting.task.kind == "binary":
        for threshold in thresholds:
            rates = binary.rates(slices, counting.scale, threshold)
            for notion, names in NOTIONS.items():
                yield Comparison(notion, threshold, {name: rates[name] for name in names}, "share")
        figure, bound = calibration(slices, counting.scale)
        yield Comparison("calibration", np.nan, {CALIBRATION: figure}, "signed", bound)
    elif counting.task.kind == "multiclass":
        yield from _of_classes(counting.task.classes, slices)
    else:
        found = regression.figures(slices)
        yield Comparison("error gap", np.nan, {"mean_error": found["mean_error"]}, "signed")
        yield Comparison("error gap", np.nan, {"mae": found["mae"]}, "amount")


def calibration(slices: Slices, scale: Scale) -> tuple[Figure, np.ndarray]:
    """(observed less predicted share of positives with its normal interval, how far it may lie off (s,)).

    Calibration in the large, exact where the scores were summed up; else a bin of several scores counts with
    its middle, and the bound is half its width. It rests on the rows of its rarer class: of fewer than ten of
    these the normal interval is too short.
    """
    low, high = scale.ends
    middle, half = (low + high) / 2, (high - low) / 2
    rest = np.stack([-middle, 1 - middle])
    whole = Whole.of(slices)
    # What the scores of each tenth came to.
    summed = np.full(len(slices.cuts), np.nan) if slices.marks is None else slices.marks.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (slices.mass * rest).sum(axis=(1, 2)) / whole.weight
        spread = (slices.squares * np.square(rest - value[:, None, None])).sum(axis=(1, 2))
        bound = (slices.mass.sum(axis=1) * half).sum(axis=1) / whole.weight
        exact = (slices.mass[:, 1].sum(axis=1) - summed) / whole.weight
        known = ~np.isnan(summed)
        found = around(np.where(known, exact, value), spread, whole)
    rarer = slices.rows.sum(axis=2).min(axis=1)
    return found._replace(rows=rarer), np.where(known, 0.0, bound)


def _of_classes(names: Sequence[str], slices: Slices) -> Iterator[Comparison]:
    whole = Whole.of(slices)
    each = zip(names, classes.recalls(slices), classes.precisions(slices), strict=True)
    for code, (name, recall, precision) in enumerate(each):
        chosen = share(slices.mass[:, :, code].sum(axis=1), whole.weight, whole.squares, whole.rows)
        figures = {
            "demographic parity": ("positive_rate", chosen),
            "equal opportunity": ("recall", recall),
            "predictive parity": ("precision", precision),
        }
        for notion, (measure, figure) in figures.items():
            yield Comparison(notion, np.nan, {f"{measure}/{name}": figure}, "share")

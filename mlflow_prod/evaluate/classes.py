"""Figures that classifiers of two and of more classes have in common."""

from collections.abc import Sequence

import numpy as np

from mlflow_prod.evaluate.counting import LOSSES
from mlflow_prod.evaluate.figures import Figure, Whole, at_least_zero, average, share
from mlflow_prod.profile import Slices


def accuracy(slices: Slices) -> Figure:
    """Share of rows whose likeliest class is theirs, from counts by class and likeliest class."""
    whole = Whole.of(slices)
    return share(np.trace(slices.mass, axis1=1, axis2=2), whole.weight, whole.squares, whole.rows)


def recalls(slices: Slices) -> list[Figure]:
    """Of each class the share of its rows that are found, from the same counts."""
    counts = [counts.sum(axis=-1) for counts in (slices.mass, slices.squares, slices.rows)]
    return [
        share(slices.mass[:, code, code], *(count[:, code] for count in counts))
        for code in range(slices.rows.shape[1])
    ]


def balanced_accuracy(recalls: Sequence[Figure], whole: Whole) -> Figure:
    """Mean recall of the classes that occur; Wilson's ends combined after G. Zou and A. Donner (2008)."""
    value, low, high = (np.array([getattr(one, end) for one in recalls]) for end in ("value", "low", "high"))
    classes = (~np.isnan(value)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.nansum(value, axis=0) / classes
        below, above = (np.sqrt(np.nansum((end - value) ** 2, axis=0)) / classes for end in (low, high))
    ends = ((centre - below).clip(0, 1), (centre + above).clip(0, 1))
    return Figure(centre, *ends, whole.rows, whole.n)


def losses(slices: Slices) -> dict[str, Figure]:
    """Mean `log_loss` and `brier`; NaN in crosses of columns, where they are not summed up."""
    whole = Whole.of(slices)
    return {name: at_least_zero(average(whole, *slices.sums[:, at].T)) for at, name in enumerate(LOSSES)}

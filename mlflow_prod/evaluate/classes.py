"""Figures that classifiers of two and of more classes have in common, and those of more than two."""

from collections.abc import Sequence

import numpy as np

from mlflow_prod.evaluate import binary
from mlflow_prod.evaluate.calibration import calibration_error
from mlflow_prod.evaluate.counting import LOSSES, Counting
from mlflow_prod.evaluate.figures import Figure, Whole, at_least_zero, average, share
from mlflow_prod.profile import Slices


def accuracy(slices: Slices) -> Figure:
    """Share of rows whose likeliest class is theirs, from counts by class and likeliest class."""
    whole = Whole.of(slices)
    return share(np.trace(slices.mass, axis1=1, axis2=2), whole.weight, whole.squares, whole.rows)


def recalls(slices: Slices) -> list[Figure]:
    """Of each class the share of its rows that are found, from the same counts; NaN of one without rows."""
    return _found_of(slices, [counts.sum(axis=2) for counts in _counts(slices)])


def precisions(slices: Slices) -> list[Figure]:
    """Of each class the share of rows taken for it that are its own; NaN of one that no row is taken for."""
    return _found_of(slices, [counts.sum(axis=1) for counts in _counts(slices)])


def f1s(slices: Slices) -> list[Figure]:
    """Of each class the harmonic mean of precision and recall; NaN of one with neither."""
    either = [
        counts.sum(axis=2) + counts.sum(axis=1) - np.diagonal(counts, axis1=1, axis2=2)
        for counts in _counts(slices)
    ]
    return [binary.f1({"jaccard": jaccard}) for jaccard in _found_of(slices, either)]


def balanced_accuracy(recalls: Sequence[Figure], whole: Whole) -> Figure:
    """Mean recall of the classes that occur; Wilson's ends combined after G. Zou and A. Donner (2008)."""
    value, low, high = (np.array([getattr(one, end) for one in recalls]) for end in ("value", "low", "high"))
    return _combined(value, low, high, whole)


def macro(slices: Slices) -> dict[str, Figure]:
    """`macro_precision`, `macro_recall` and `macro_f1`: means over the classes that occur or are chosen.

    As scikit-learn has them: 0 stands for a precision of no rows and a recall of none, of which the interval
    knows nothing. The ends of the classes are combined after G. Zou and A. Donner, Statistics in Medicine 27
    (2008), 1693-1702; for F1, whose classes share rows, widened by what the delta method says the shared rows
    add (K. Takahashi et al., Applied Intelligence 52 (2022), 4961-4972).
    """
    whole = Whole.of(slices)
    there = np.stack([~np.isnan(one.value) for one in f1s(slices)])
    shared = {"macro_f1": _shared(slices)}
    found = {}
    for name, figures in (
        ("macro_precision", precisions(slices)),
        ("macro_recall", recalls(slices)),
        ("macro_f1", f1s(slices)),
    ):
        value, low, high = (
            np.where(there, np.nan_to_num([getattr(one, end) for one in figures], nan=unknown), np.nan)
            for end, unknown in (("value", 0.0), ("low", 0.0), ("high", 1.0))
        )
        found[name] = _combined(value, low, high, whole, shared.get(name, 1.0))
    return found


def losses(slices: Slices) -> dict[str, Figure]:
    """Mean `log_loss` and `brier`; NaN where they are not summed up, as in crosses of two classes' slices."""
    whole = Whole.of(slices)
    return {name: at_least_zero(average(whole, *slices.sums[:, at].T)) for at, name in enumerate(LOSSES)}


def auc(counting: Counting, slices: Slices) -> tuple[Figure, np.ndarray]:
    """(mean area under the ROC curve of each class against the rest, how far that of the rows may lie (s,)).

    Of the classes that have two rows, and two others. NaN where no scores are kept, as in crosses of columns.
    What one row does to several classes' areas is not known: the interval is the mean of DeLong's ends, which
    holds however they hang together, and is up to sqrt(classes) wider than need be.
    """
    whole = Whole.of(slices)
    answers, _ = counting.questions(slices)
    squares = slices.squares.sum(axis=2)
    of_classes = [
        binary.area_of(answers[:, 1 + code], np.stack([squares.sum(axis=1) - own, own], axis=1), whole)
        for code, own in enumerate(squares.T)
    ]
    parts = [(area.value, area.low, area.high, bound) for area, bound in of_classes]
    known = np.array([~np.isnan(value) for value, *_ in parts])
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high, bound = (
            np.where(known, np.array(part), 0).sum(axis=0) / known.sum(axis=0)
            for part in zip(*parts, strict=True)
        )
    return Figure(value, low, high, whole.rows, whole.n), bound


def ece(counting: Counting, slices: Slices) -> tuple[Figure, np.ndarray]:
    """`calibration_error` of the likeliest class's score; NaN where no scores are kept, as in crosses."""
    answers, scores = counting.questions(slices)
    return calibration_error(answers[:, 0], scores, counting.scale, Whole.of(slices))


def _counts(slices: Slices) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return slices.mass, slices.squares, slices.rows


def _found_of(slices: Slices, of: Sequence[np.ndarray]) -> list[Figure]:
    return [
        share(slices.mass[:, code, code], *(count[:, code] for count in of))
        for code in range(slices.rows.shape[1])
    ]


def _combined(
    value: np.ndarray, low: np.ndarray, high: np.ndarray, whole: Whole, shared: np.ndarray | float = 1.0
) -> Figure:
    """The mean of what is known of (classes, s) shares; `shared` stretches the interval."""
    classes = (~np.isnan(value)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.nansum(value, axis=0) / classes
        below, above = (
            shared * np.sqrt(np.nansum((end - value) ** 2, axis=0)) / classes for end in (low, high)
        )
    ends = ((centre - below).clip(0, 1), (centre + above).clip(0, 1))
    return Figure(centre, *ends, whole.rows, whole.n)


def _shared(slices: Slices) -> np.ndarray:
    """By how much the classes' F1 vary more together than each by itself: ratio of standard errors, >= 1."""
    mass, squares = slices.mass, slices.squares
    right = np.diagonal(mass, axis1=1, axis2=2)
    of = mass.sum(axis=2) + mass.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # What one more row of a class, or taken for it, does to its F1, and what one that is right does.
        lost = np.nan_to_num(2 * right / of**2)
        won = np.nan_to_num(2 / of)
        together = -(lost[:, :, None] + lost[:, None, :])
        codes = range(mass.shape[1])
        together[:, codes, codes] += won
        of_all = (squares * together**2).sum(axis=(1, 2))
        right, either = (
            np.diagonal(squares, axis1=1, axis2=2),
            squares.sum(axis=2) + squares.sum(axis=1),
        )
        alone = (right * (won - 2 * lost) ** 2 + (either - 2 * right) * lost**2).sum(axis=1)
        found: np.ndarray = np.sqrt(np.where(alone > 0, of_all / np.where(alone > 0, alone, 1), 1))
    return found.clip(1)

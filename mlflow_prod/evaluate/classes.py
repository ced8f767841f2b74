"""Figures that classifiers of two and of more classes have in common, and those of more than two."""

from collections.abc import Sequence

import numpy as np

from mlflow_prod.evaluate import binary
from mlflow_prod.evaluate.calibration import calibration_error
from mlflow_prod.evaluate.counting import LOSSES, Counting
from mlflow_prod.evaluate.figures import Figure, Whole, at_least_zero, average, share
from mlflow_prod.profile import Slices
from mlflow_prod.stats import quantile_of


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
    return [binary.f1({"jaccard": jaccard}) for jaccard in _jaccards(slices)]


def balanced_accuracy(recalls: Sequence[Figure], whole: Whole) -> Figure:
    """Mean recall of the classes that occur; the interval is that of `macro`."""
    return _mean(recalls, ~np.isnan([one.value for one in recalls]), whole)


def macro(slices: Slices) -> dict[str, Figure]:
    """`macro_precision`, `macro_recall` and `macro_f1`: means over the classes that occur or are chosen.

    As scikit-learn has them: 0 stands for a precision of no rows and a recall of none, of which the interval
    knows nothing. The interval is Wald's with some more rows of both kinds in each class (R. Price and
    D. Bonett, Computational Statistics & Data Analysis 45 (2004), 449-456); for F1, whose classes share rows,
    widened by what the delta method says that these add (K. Takahashi et al., Applied Intelligence 52 (2022),
    4961-4972). Simulated, it holds the truth in 94 to 99 of 100 samples, but in 90 where most classes have
    but a few rows.
    """
    whole, either = Whole.of(slices), _jaccards(slices)
    there = ~np.isnan([one.value for one in either])
    return {
        "macro_precision": _mean(precisions(slices), there, whole),
        "macro_recall": _mean(recalls(slices), there, whole),
        "macro_f1": _mean(either, there, whole, _shared(slices)),
    }


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


def _jaccards(slices: Slices) -> list[Figure]:
    either = [
        counts.sum(axis=2) + counts.sum(axis=1) - np.diagonal(counts, axis1=1, axis2=2)
        for counts in _counts(slices)
    ]
    return _found_of(slices, either)


def _mean(
    shares: Sequence[Figure], there: np.ndarray, whole: Whole, shared: np.ndarray | None = None
) -> Figure:
    """The mean of the shares that are `there` (classes, s); with `shared` of the F1 of these Jaccard shares.

    `shared` (s,) then stretches the interval.
    """
    value, n = (np.nan_to_num([getattr(one, part) for one in shares]) for part in ("value", "n"))
    classes, z = there.sum(axis=0), quantile_of(0.95)
    with np.errstate(divide="ignore", invalid="ignore"):
        more = z**2 / classes
        likely = (value * n + more / 2) / (n + more)
        spread = likely * (1 - likely) / (n + more)
        if shared is not None:
            spread = spread * np.square(2 / (1 + likely) ** 2 * shared)
            value, likely = (2 * share / (1 + share) for share in (value, likely))
        mean, centre = (np.where(there, share, 0).sum(axis=0) / classes for share in (value, likely))
        half = z * np.sqrt(np.where(there, spread, 0).sum(axis=0)) / classes
    ends = np.minimum((centre - half).clip(0), mean), np.maximum((centre + half).clip(0, 1), mean)
    return Figure(mean, *ends, whole.rows, whole.n)


def _shared(slices: Slices) -> np.ndarray:
    """By how much the classes' F1 vary more together than each by itself: ratio of standard errors, >= 1."""
    mass, squares = slices.mass, slices.squares
    right = np.diagonal(mass, axis1=1, axis2=2)
    of = mass.sum(axis=2) + mass.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # What one more row of a class, or taken for it, does to its F1, and what one that is right does.
        lost, won = (np.where(of > 0, one, 0) for one in (2 * right / of**2, 2 / of))
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

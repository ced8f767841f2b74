"""The kinds of metrics of TensorFlow Model Analysis, each a function of counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from mlflow_prod.evaluate.binary import FN, FP, NEGATIVE, POSITIVE, RATES, TN, TP
from mlflow_prod.evaluate.figures import Figure, Whole, at_least_zero, share
from mlflow_prod.evaluate.tfma.area import area, area_edges
from mlflow_prod.evaluate.tfma.counts import Counted, above

ALL = (TP, FP, FN, TN)
# What a rate counts, and of what.
SHARES = {**RATES, "negative_predictive_value": ((TN,), (FN, TN)), "prevalence": ((TP, FN), ALL)}
# Rates at a threshold, which `FairnessIndicators` (fairness-indicators 0.52) consists of.
FAIRNESS = {
    "false_positive_rate": "false_positive_rate",
    "false_negative_rate": "false_negative_rate",
    "true_positive_rate": "true_positive_rate",
    "true_negative_rate": "true_negative_rate",
    "positive_rate": "positive_rate",
    "negative_rate": "negative_rate",
    "false_discovery_rate": "false_discovery_rate",
    "false_omission_rate": "false_omission_rate",
    "precision": "precision",
    "recall": "true_positive_rate",
}
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))
COUNTS = {"true_positives": TP, "false_positives": FP, "false_negatives": FN, "true_negatives": TN}
Outcome = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
# Functions of the weights of true and false positives and of false and true negatives, each (s,).
COMBINED: dict[str, Outcome] = {
    "balanced_accuracy": lambda tp, fp, fn, tn: (tp / (tp + fn) + tn / (tn + fp)) / 2,
    "f1_score": lambda tp, fp, fn, tn: 2 * tp / (2 * tp + fp + fn),
    "matthews_correlation_coefficient": lambda tp, fp, fn, tn: (
        (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    ),
    "fowlkes_mallows_index": lambda tp, fp, fn, tn: np.sqrt(tp / (tp + fp) * tp / (tp + fn)),
    "informedness": lambda tp, fp, fn, tn: tp / (tp + fn) + tn / (tn + fp) - 1,
    "markedness": lambda tp, fp, fn, tn: tp / (tp + fp) + tn / (tn + fn) - 1,
    "positive_likelihood_ratio": lambda tp, fp, fn, tn: tp / (tp + fn) / (fp / (fp + tn)),
    "negative_likelihood_ratio": lambda tp, fp, fn, tn: fn / (fn + tp) / (tn / (tn + fp)),
    "diagnostic_odds_ratio": lambda tp, fp, fn, tn: tp / fn / (fp / tn),
    "prevalence_threshold": lambda tp, fp, fn, tn: _prevalence_threshold(tp / (tp + fn), tn / (tn + fp)),
}


def _prevalence_threshold(recall: np.ndarray, specificity: np.ndarray) -> np.ndarray:
    found: np.ndarray = (np.sqrt(recall * (1 - specificity)) + specificity - 1) / (recall + specificity - 1)
    return found


class Settings(NamedTuple):
    """What a metric is made with, by default nothing; `bins`: how many thresholds of equal distance."""

    thresholds: tuple[float, ...] = ()
    bins: int | None = None
    curve: str = ""
    summation: str = ""
    class_id: int | None = None


class Found(NamedTuple):
    """A figure of a metric: what follows its name, the threshold (NaN: none), its bound (s,)."""

    end: str
    threshold: float
    figure: Figure
    bound: np.ndarray

    @classmethod
    def exact(cls, figure: Figure, threshold: float = np.nan, end: str = "") -> "Found":
        """A figure that is of the rows themselves."""
        return cls(end, threshold, figure, np.zeros(len(figure.value)))


@dataclass(frozen=True)
class Kind:
    """A kind of metric.

    Parameters
    ----------
    name : of the metric by default.
    of : what it is measured on: `rows` of any kind, answers to `two` classes, to several `classes`, or
        `numbers`, which the answers to two classes are, too.
    figures : of counts and settings.
    edges : of scores, from which up its counts must be exact.
    values : names of `VALUES` that it needs.
    takes : what it may be made with, besides a name.
    """

    name: str
    of: Literal["rows", "two", "classes", "numbers"]
    figures: Callable[[Counted, Settings], Iterator[Found]]
    edges: Callable[[Settings], tuple[float, ...]] = lambda _: ()
    values: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


# What every metric of two classes may be made with.
OF_TWO = ("thresholds", "class_id")


def _plain(value: np.ndarray, counted: Counted) -> Figure:
    whole, unknown = Whole.of(counted.slices), np.full(len(value), np.nan)
    return Figure(value, unknown, unknown, whole.rows, whole.n)


def rows(name: str) -> Kind:
    """The weight of all rows, or their number."""

    def figures(counted: Counted, _: Settings) -> Iterator[Found]:
        yield Found.exact(_plain(Whole.of(counted.slices).weight, counted))

    return Kind(name, "rows", figures)


def _outcomes(counts: np.ndarray, first: int) -> np.ndarray:
    chosen, left = counts[..., first:].sum(-1), counts[..., :first].sum(-1)
    return np.stack([chosen[:, POSITIVE], chosen[:, NEGATIVE], left[:, POSITIVE], left[:, NEGATIVE]])


def _share(counted: Counted, threshold: float, name: str) -> Figure:
    first, slices = counted.first(threshold), counted.slices
    hits, of = (list(at) for at in SHARES[name])
    mass, squares, number = (_outcomes(one, first) for one in (slices.mass, slices.squares, slices.rows))
    return share(mass[hits].sum(0), mass[of].sum(0), squares[of].sum(0), number[of].sum(0))


def _at(thresholds: tuple[float, ...], settings: Settings) -> tuple[float, ...]:
    return settings.thresholds or thresholds


def _cuts(thresholds: tuple[float, ...], settings: Settings) -> tuple[float, ...]:
    edges = (above(threshold) for threshold in _at(thresholds, settings))
    return tuple(edge for edge in edges if edge is not None)


def _thresholded(
    name: str,
    figure: Callable[[Counted, float], Figure],
    thresholds: tuple[float, ...] = (0.5,),
    takes: tuple[str, ...] = OF_TWO,
) -> Kind:
    def figures(counted: Counted, settings: Settings) -> Iterator[Found]:
        for threshold in _at(thresholds, settings):
            yield Found.exact(figure(counted, threshold), threshold)

    return Kind(name, "two", figures, partial(_cuts, thresholds), takes=takes)


def rate(name: str, of: str, thresholds: tuple[float, ...] = (0.5,), takes: tuple[str, ...] = OF_TWO) -> Kind:
    """One of SHARES at thresholds, with Wilson's interval."""
    return _thresholded(name, lambda counted, threshold: _share(counted, threshold, of), thresholds, takes)


def outcome(name: str, at: int) -> Kind:
    """The weight of true or false positives or negatives, by its place in `binary`, at thresholds."""

    def figure(counted: Counted, threshold: float) -> Figure:
        return _plain(_outcomes(counted.slices.mass, counted.first(threshold))[at], counted)

    return _thresholded(name, figure)


def combined(name: str) -> Kind:
    """One of COMBINED at thresholds."""

    def figure(counted: Counted, threshold: float) -> Figure:
        with np.errstate(divide="ignore", invalid="ignore"):
            value = COMBINED[name](*_outcomes(counted.slices.mass, counted.first(threshold)))
        # What is infinite here is undefined there.
        return _plain(np.where(np.isfinite(value), value, np.nan), counted)

    return _thresholded(name, figure)


def matrix(name: str) -> Kind:
    """The four outcomes at each threshold, `<name>/true_positives` and so on."""

    def figures(counted: Counted, settings: Settings) -> Iterator[Found]:
        for threshold in settings.thresholds:
            found = _outcomes(counted.slices.mass, counted.first(threshold))
            for end, at in COUNTS.items():
                yield Found.exact(_plain(found[at], counted), threshold, f"/{end}")

    return Kind(name, "two", figures, partial(_cuts, ()), takes=OF_TWO)


def indicators(name: str) -> Kind:
    """The rates of FAIRNESS at each threshold, `<name>/positive_rate@0.5` and so on."""

    def figures(counted: Counted, settings: Settings) -> Iterator[Found]:
        thresholds = _at(TENTHS, settings)
        digits = max(1, *(len(str(threshold)) - 2 for threshold in thresholds))
        for threshold in thresholds:
            for end, of in FAIRNESS.items():
                rated = _share(counted, threshold, of)
                yield Found.exact(rated, threshold, f"/{end}@{threshold:.{digits}f}")

    return Kind(name, "two", figures, partial(_cuts, TENTHS), takes=("thresholds",))


def under(name: str, curve: str = "") -> Kind:
    """The area under a curve, `ROC` or `PR`; "": that of the settings."""

    def figures(counted: Counted, settings: Settings) -> Iterator[Found]:
        asked = (curve or settings.curve, settings.summation, settings.bins, settings.thresholds)
        yield Found("", np.nan, *area(counted, *asked))

    takes = (*OF_TWO, "num_thresholds", "summation_method", *([] if curve else ["curve"]))
    return Kind(name, "two", figures, lambda one: area_edges(one.bins, one.thresholds), takes=takes)


def mean(name: str, value: str, of: Literal["classes", "numbers", "two"] = "numbers") -> Kind:
    """The mean of one of VALUES, with its normal interval."""
    signed = value in ("label", "prediction")

    def figures(counted: Counted, _: Settings) -> Iterator[Found]:
        found = counted.mean(value)
        yield Found.exact(found if signed else at_least_zero(found))

    return Kind(name, of, figures, values=(value,))


def ratio(name: str, upper: str, lower: str) -> Kind:
    """The sum of one of VALUES over that of another."""

    def figures(counted: Counted, _: Settings) -> Iterator[Found]:
        up, down = counted.total(upper), counted.total(lower)
        value = np.divide(up, down, out=np.full(len(up), np.nan), where=~np.isclose(down, 0))
        yield Found.exact(_plain(value, counted))

    return Kind(name, "numbers", figures, values=(upper, lower))


def root(name: str, value: str) -> Kind:
    """The root of the mean of one of VALUES, and of the ends of its interval."""

    def figures(counted: Counted, _: Settings) -> Iterator[Found]:
        found = at_least_zero(counted.mean(value))
        ends = {end: np.sqrt(getattr(found, end)) for end in ("value", "low", "high")}
        yield Found.exact(found._replace(**ends))

    return Kind(name, "numbers", figures, values=(value,))


def accuracy(name: str) -> Kind:
    """The share of rows whose likeliest class is theirs, with Wilson's interval."""

    def figures(counted: Counted, _: Settings) -> Iterator[Found]:
        whole = Whole.of(counted.slices)
        yield Found.exact(share(counted.total("hit"), whole.weight, whole.squares, whole.rows))

    return Kind(name, "classes", figures, values=("hit",))

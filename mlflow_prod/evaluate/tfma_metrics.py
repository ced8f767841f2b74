"""The metrics of TensorFlow Model Analysis by the names of their classes, each a function of counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.evaluate.binary import FN, FP, NEGATIVE, POSITIVE, RATES, TN, TP
from mlflow_prod.evaluate.figures import Figure, Whole, at_least_zero, share
from mlflow_prod.evaluate.tfma_area import area, area_edges
from mlflow_prod.evaluate.tfma_config import MetricConfig
from mlflow_prod.evaluate.tfma_counts import Counted, above

# What a metric may be made with that this package follows, by itself or as it is by default.
FOLLOWED = {"name", "thresholds", "num_thresholds", "curve", "summation_method", "class_id"}
BY_DEFAULT = {
    "dtype": ("float32",),
    "multi_label": (False,),
    "num_labels": (),
    "label_weights": (),
    "from_logits": (False,),
    "label_smoothing": (0,),
    "reduction": ("auto", "sum_over_batch_size"),
    "axis": (-1,),
    "ignore_class": (),
    "top_k": (),
}
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
    """What a metric is made with; None and "" are its own defaults."""

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
    """

    name: str
    of: Literal["rows", "two", "classes", "numbers"]
    figures: Callable[[Counted, Settings], Iterator[Found]]
    edges: Callable[[Settings], tuple[float, ...]] = lambda _: ()
    values: tuple[str, ...] = ()


def _plain(value: np.ndarray, counted: Counted) -> Figure:
    whole, unknown = Whole.of(counted.slices), np.full(len(value), np.nan)
    return Figure(value, unknown, unknown, whole.rows, whole.n)


def _rows(counted: Counted, _: Settings) -> Iterator[Found]:
    yield Found.exact(_plain(Whole.of(counted.slices).weight, counted))


def _outcomes(counts: np.ndarray, first: int) -> np.ndarray:
    chosen, left = counts[..., first:].sum(-1), counts[..., :first].sum(-1)
    return np.stack([chosen[:, POSITIVE], chosen[:, NEGATIVE], left[:, POSITIVE], left[:, NEGATIVE]])


def _share(counted: Counted, threshold: float, name: str) -> Figure:
    first, slices = counted.first(threshold), counted.slices
    hits, of = (list(at) for at in SHARES[name])
    mass, squares, rows = (_outcomes(one, first) for one in (slices.mass, slices.squares, slices.rows))
    return share(mass[hits].sum(0), mass[of].sum(0), squares[of].sum(0), rows[of].sum(0))


def _at(thresholds: tuple[float, ...], settings: Settings) -> tuple[float, ...]:
    return settings.thresholds or thresholds


def _cuts(thresholds: tuple[float, ...], settings: Settings) -> tuple[float, ...]:
    edges = (above(threshold) for threshold in _at(thresholds, settings))
    return tuple(edge for edge in edges if edge is not None)


def _thresholded(
    name: str, figure: Callable[[Counted, float], Figure], thresholds: tuple[float, ...] = (0.5,)
) -> Kind:
    def figures(counted: Counted, settings: Settings) -> Iterator[Found]:
        for threshold in _at(thresholds, settings):
            yield Found.exact(figure(counted, threshold), threshold)

    return Kind(name, "two", figures, partial(_cuts, thresholds))


def _rate(name: str, rate: str, thresholds: tuple[float, ...] = (0.5,)) -> Kind:
    return _thresholded(name, lambda counted, threshold: _share(counted, threshold, rate), thresholds)


def _count(name: str, at: int) -> Kind:
    def figure(counted: Counted, threshold: float) -> Figure:
        return _plain(_outcomes(counted.slices.mass, counted.first(threshold))[at], counted)

    return _thresholded(name, figure)


def _combined(name: str) -> Kind:
    def figure(counted: Counted, threshold: float) -> Figure:
        with np.errstate(divide="ignore", invalid="ignore"):
            value = COMBINED[name](*_outcomes(counted.slices.mass, counted.first(threshold)))
        # What is infinite here is undefined there.
        return _plain(np.where(np.isfinite(value), value, np.nan), counted)

    return _thresholded(name, figure)


def _matrix(counted: Counted, settings: Settings) -> Iterator[Found]:
    for threshold in settings.thresholds:
        found = _outcomes(counted.slices.mass, counted.first(threshold))
        for name, at in COUNTS.items():
            yield Found.exact(_plain(found[at], counted), threshold, f"/{name}")


def _indicators(counted: Counted, settings: Settings) -> Iterator[Found]:
    thresholds = _at(TENTHS, settings)
    digits = max(1, *(len(str(threshold)) - 2 for threshold in thresholds))
    for threshold in thresholds:
        for name, rate in FAIRNESS.items():
            rated = _share(counted, threshold, rate)
            yield Found.exact(rated, threshold, f"/{name}@{threshold:.{digits}f}")


def _area(curve: str, counted: Counted, settings: Settings) -> Iterator[Found]:
    asked = (curve or settings.curve, settings.summation, settings.bins, settings.thresholds)
    yield Found("", np.nan, *area(counted, *asked))


def _area_edges(settings: Settings) -> tuple[float, ...]:
    return area_edges(settings.bins, settings.thresholds)


def _mean(name: str, value: str, of: Literal["classes", "numbers", "two"] = "numbers") -> Kind:
    signed = value in ("label", "prediction")

    def figures(counted: Counted, _: Settings) -> Iterator[Found]:
        found = counted.mean(value)
        yield Found.exact(found if signed else at_least_zero(found))

    return Kind(name, of, figures, values=(value,))


def _ratio(name: str, above: str, below: str) -> Kind:
    def figures(counted: Counted, _: Settings) -> Iterator[Found]:
        up, down = counted.total(above), counted.total(below)
        value = np.divide(up, down, out=np.full(len(up), np.nan), where=~np.isclose(down, 0))
        yield Found.exact(_plain(value, counted))

    return Kind(name, "numbers", figures, values=(above, below))


def _root(counted: Counted, _: Settings) -> Iterator[Found]:
    found = at_least_zero(counted.mean("squared"))
    ends = {name: np.sqrt(getattr(found, name)) for name in ("value", "low", "high")}
    yield Found.exact(found._replace(**ends))


def _accuracy(counted: Counted, _: Settings) -> Iterator[Found]:
    whole = Whole.of(counted.slices)
    yield Found.exact(share(counted.total("hit"), whole.weight, whole.squares, whole.rows))


KINDS = {
    "ExampleCount": Kind("example_count", "rows", _rows),
    "WeightedExampleCount": Kind("weighted_example_count", "rows", _rows),
    "BinaryAccuracy": _rate("binary_accuracy", "accuracy"),
    "Precision": _rate("precision", "precision"),
    "PPV": _rate("ppv", "precision"),
    "Recall": _rate("recall", "true_positive_rate"),
    "TPR": _rate("tpr", "true_positive_rate"),
    "MaxRecall": _rate("max_recall", "true_positive_rate", (1e-12,)),
    "Specificity": _rate("specificity", "true_negative_rate"),
    "TNR": _rate("tnr", "true_negative_rate"),
    "FallOut": _rate("fall_out", "false_positive_rate"),
    "FPR": _rate("fpr", "false_positive_rate"),
    "MissRate": _rate("miss_rate", "false_negative_rate"),
    "FNR": _rate("fnr", "false_negative_rate"),
    "NegativePredictiveValue": _rate("negative_predictive_value", "negative_predictive_value"),
    "NPV": _rate("npv", "negative_predictive_value"),
    "FalseDiscoveryRate": _rate("false_discovery_rate", "false_discovery_rate"),
    "FalseOmissionRate": _rate("false_omission_rate", "false_omission_rate"),
    "Prevalence": _rate("prevalence", "prevalence"),
    "ThreatScore": _rate("threat_score", "jaccard"),
    "PredictedPositiveRate": _rate("predicted_positive_rate", "positive_rate"),
    "TruePositives": _count("true_positives", TP),
    "TP": _count("tp", TP),
    "TrueNegatives": _count("true_negatives", TN),
    "TN": _count("tn", TN),
    "FalsePositives": _count("false_positives", FP),
    "FP": _count("fp", FP),
    "FalseNegatives": _count("false_negatives", FN),
    "FN": _count("fn", FN),
    "BalancedAccuracy": _combined("balanced_accuracy"),
    "F1Score": _combined("f1_score"),
    "MatthewsCorrelationCoefficient": _combined("matthews_correlation_coefficient"),
    "FowlkesMallowsIndex": _combined("fowlkes_mallows_index"),
    "Informedness": _combined("informedness"),
    "Markedness": _combined("markedness"),
    "PositiveLikelihoodRatio": _combined("positive_likelihood_ratio"),
    "NegativeLikelihoodRatio": _combined("negative_likelihood_ratio"),
    "DiagnosticOddsRatio": _combined("diagnostic_odds_ratio"),
    "PrevalenceThreshold": _combined("prevalence_threshold"),
    "ConfusionMatrixAtThresholds": Kind("confusion_matrix_at_thresholds", "two", _matrix, partial(_cuts, ())),
    "FairnessIndicators": Kind("fairness_indicators_metrics", "two", _indicators, partial(_cuts, TENTHS)),
    "AUC": Kind("auc", "two", partial(_area, ""), _area_edges),
    "AUCPrecisionRecall": Kind("auc_precision_recall", "two", partial(_area, "PR"), _area_edges),
    "MeanLabel": _mean("mean_label", "label"),
    "MeanPrediction": _mean("mean_prediction", "prediction"),
    "Calibration": _ratio("calibration", "prediction", "label"),
    "BinaryCrossEntropy": _mean("binary_crossentropy", "log_loss", "two"),
    "BinaryCrossentropy": _mean("binary_crossentropy", "log_loss", "two"),
    "CategoricalCrossEntropy": _mean("categorical_crossentropy", "surprise", "classes"),
    "CategoricalCrossentropy": _mean("categorical_crossentropy", "surprise", "classes"),
    "SparseCategoricalCrossentropy": _mean("sparse_categorical_crossentropy", "surprise", "classes"),
    "CategoricalAccuracy": Kind("categorical_accuracy", "classes", _accuracy, values=("hit",)),
    "SparseCategoricalAccuracy": Kind("sparse_categorical_accuracy", "classes", _accuracy, values=("hit",)),
    "MeanAbsoluteError": _mean("mean_absolute_error", "absolute"),
    "MeanSquaredError": _mean("mean_squared_error", "squared"),
    "RootMeanSquaredError": Kind("root_mean_squared_error", "numbers", _root, values=("squared",)),
    "MeanAbsolutePercentageError": _ratio("mean_absolute_percentage_error", "percent", "not_zero"),
    "MeanSquaredLogarithmicError": _mean("mean_squared_logarithmic_error", "squared_log"),
}


@dataclass(frozen=True)
class Metric:
    """A metric of a config: its name, its kind, and what it is made with."""

    name: str
    kind: Kind
    settings: Settings

    @classmethod
    def of(cls, config: MetricConfig) -> "Metric":
        """InvalidParameter for a class that is not known, and for settings that are not followed."""
        kind = KINDS.get(config.class_name)
        if kind is None:
            rule = f"a metric that this package has, too ({did_you_mean(config.class_name, KINDS)})"
            raise InvalidParameter("class_name", rule, config.class_name)
        given = {name: value for name, value in config.config.items() if value is not None}
        for name, value in given.items():
            if name not in FOLLOWED and value not in BY_DEFAULT.get(name, ()):
                known = f"one of {', '.join(sorted(FOLLOWED))}, or as it is by default"
                raise InvalidParameter(f"{name} of {config.class_name}", known, value)
        return cls(str(given.get("name", kind.name)), kind, _settings(config.class_name, given))


def _settings(metric: str, given: dict[str, Any]) -> Settings:
    thresholds = given.get("thresholds", ())
    listed = thresholds if isinstance(thresholds, list | tuple) else [thresholds]
    if not all(isinstance(one, int | float) for one in listed):
        raise InvalidParameter(f"thresholds of {metric}", "a number, or a list of numbers", thresholds)
    if metric == "ConfusionMatrixAtThresholds" and not listed:
        raise InvalidParameter(f"thresholds of {metric}", "a list of numbers", thresholds)
    return Settings(
        tuple(float(one) for one in listed),
        given.get("num_thresholds"),
        str(given.get("curve", "")).upper(),
        str(given.get("summation_method", "")).lower(),
        given.get("class_id"),
    )

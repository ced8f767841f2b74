"""The metrics of TensorFlow Model Analysis that this package has, too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.evaluate.binary import FN, FP, TN, TP
from mlflow_prod.evaluate.tfma.area import CURVES, SUMMATIONS
from mlflow_prod.evaluate.tfma.config import MetricConfig
from mlflow_prod.evaluate.tfma.figures import (
    Kind,
    Settings,
    accuracy,
    combined,
    indicators,
    matrix,
    mean,
    outcome,
    rate,
    ratio,
    root,
    rows,
    under,
)

# What a saved metric is said to be made with, as far as that changes nothing.
BY_DEFAULT: dict[str, tuple[object, ...]] = {
    "dtype": ("float32",),
    "multi_label": (False,),
    "from_logits": (False,),
    "label_smoothing": (0,),
    "reduction": ("auto", "sum_over_batch_size"),
    "axis": (-1,),
}
# By the name of the class.
KINDS = {
    "ExampleCount": rows("example_count"),
    "WeightedExampleCount": rows("weighted_example_count"),
    "BinaryAccuracy": rate("binary_accuracy", "accuracy", takes=("threshold", "class_id")),
    "Precision": rate("precision", "precision"),
    "PPV": rate("ppv", "precision"),
    "Recall": rate("recall", "true_positive_rate"),
    "TPR": rate("tpr", "true_positive_rate"),
    "MaxRecall": rate("max_recall", "true_positive_rate", (1e-12,), ("class_id",)),
    "Specificity": rate("specificity", "true_negative_rate"),
    "TNR": rate("tnr", "true_negative_rate"),
    "FallOut": rate("fall_out", "false_positive_rate"),
    "FPR": rate("fpr", "false_positive_rate"),
    "MissRate": rate("miss_rate", "false_negative_rate"),
    "FNR": rate("fnr", "false_negative_rate"),
    "NegativePredictiveValue": rate("negative_predictive_value", "negative_predictive_value"),
    "NPV": rate("npv", "negative_predictive_value"),
    "FalseDiscoveryRate": rate("false_discovery_rate", "false_discovery_rate"),
    "FalseOmissionRate": rate("false_omission_rate", "false_omission_rate"),
    "Prevalence": rate("prevalence", "prevalence"),
    "ThreatScore": rate("threat_score", "jaccard"),
    "PredictedPositiveRate": rate("predicted_positive_rate", "positive_rate"),
    "TruePositives": outcome("true_positives", TP),
    "TP": outcome("tp", TP),
    "TrueNegatives": outcome("true_negatives", TN),
    "TN": outcome("tn", TN),
    "FalsePositives": outcome("false_positives", FP),
    "FP": outcome("fp", FP),
    "FalseNegatives": outcome("false_negatives", FN),
    "FN": outcome("fn", FN),
    "BalancedAccuracy": combined("balanced_accuracy"),
    "F1Score": combined("f1_score"),
    "MatthewsCorrelationCoefficient": combined("matthews_correlation_coefficient"),
    "FowlkesMallowsIndex": combined("fowlkes_mallows_index"),
    "Informedness": combined("informedness"),
    "Markedness": combined("markedness"),
    "PositiveLikelihoodRatio": combined("positive_likelihood_ratio"),
    "NegativeLikelihoodRatio": combined("negative_likelihood_ratio"),
    "DiagnosticOddsRatio": combined("diagnostic_odds_ratio"),
    "PrevalenceThreshold": combined("prevalence_threshold"),
    "ConfusionMatrixAtThresholds": matrix("confusion_matrix_at_thresholds"),
    "FairnessIndicators": indicators("fairness_indicators_metrics"),
    "AUC": under("auc"),
    "AUCPrecisionRecall": under("auc_precision_recall", "PR"),
    "MeanLabel": mean("mean_label", "label"),
    "MeanPrediction": mean("mean_prediction", "prediction"),
    "Calibration": ratio("calibration", "prediction", "label"),
    "BinaryCrossEntropy": mean("binary_crossentropy", "log_loss", "two"),
    "BinaryCrossentropy": mean("binary_crossentropy", "log_loss", "two"),
    "CategoricalCrossEntropy": mean("categorical_crossentropy", "surprise", "classes"),
    "CategoricalCrossentropy": mean("categorical_crossentropy", "surprise", "classes"),
    "SparseCategoricalCrossentropy": mean("sparse_categorical_crossentropy", "surprise", "classes"),
    "CategoricalAccuracy": accuracy("categorical_accuracy"),
    "SparseCategoricalAccuracy": accuracy("sparse_categorical_accuracy"),
    "MeanAbsoluteError": mean("mean_absolute_error", "absolute"),
    "MeanSquaredError": mean("mean_squared_error", "squared"),
    "RootMeanSquaredError": root("root_mean_squared_error", "squared"),
    "MeanAbsolutePercentageError": ratio("mean_absolute_percentage_error", "percent", "not_zero"),
    "MeanSquaredLogarithmicError": mean("mean_squared_logarithmic_error", "squared_log"),
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
        name = given.pop("name", kind.name)
        for setting, value in given.items():
            if setting not in kind.takes and value not in BY_DEFAULT.get(setting, ()):
                taken = f"{', '.join(sorted(kind.takes)) or 'nothing'} besides name, or as it is by default"
                raise InvalidParameter(f"config of {config.class_name}", taken, {setting: value})
        return cls(str(name), kind, _settings(config.class_name, given))


def _settings(metric: str, given: Mapping[str, Any]) -> Settings:
    thresholds = given.get("thresholds", given.get("threshold", ()))
    listed = thresholds if isinstance(thresholds, list | tuple) else [thresholds]
    curve, summation = str(given.get("curve", "")).upper(), str(given.get("summation_method", "")).lower()
    bins, code = given.get("num_thresholds"), given.get("class_id")
    rules = (
        ("thresholds", all(map(_number, listed)), "a number, or a list of numbers", thresholds),
        ("thresholds", listed or metric != "ConfusionMatrixAtThresholds", "a list of numbers", thresholds),
        ("thresholds", not (listed and bins), "given without num_thresholds", thresholds),
        (
            "num_thresholds",
            bins is None or (type(bins) is int and bins > 1),
            "a whole number, 2 or more",
            bins,
        ),
        ("class_id", code is None or type(code) is int, "a whole number", code),
        ("curve", curve in ("", *CURVES), f"one of {', '.join(CURVES)}", curve),
        ("summation_method", summation in ("", *SUMMATIONS), f"one of {', '.join(SUMMATIONS)}", summation),
    )
    for name, holds, rule, got in rules:
        if not holds:
            raise InvalidParameter(f"{name} of {metric}", rule, got)
    return Settings(tuple(float(one) for one in listed), bins, curve, summation, code)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value

"""Whether metrics hold what an `EvalConfig` of TensorFlow Model Analysis asks of them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate.tfma.config import (
    ChangeThreshold,
    MetricConfig,
    MetricsSpec,
    MetricThreshold,
    SliceThreshold,
    SlicingSpec,
    ValueThreshold,
)
from mlflow_prod.profile.cells import Slice


class Limit(NamedTuple):
    """A threshold, the slices that it is for (None: all), and the full name of the metric ("": any)."""

    slices: SlicingSpec | None
    threshold: ValueThreshold | ChangeThreshold
    metric: str = ""


class Where(NamedTuple):
    """The slices that were counted, their names, and of each whether it is looked at and has enough rows."""

    cuts: tuple[Slice, ...]
    names: list[str]
    chosen: np.ndarray
    enough: np.ndarray


def limits_of(config: MetricConfig, name: str, spec: MetricsSpec) -> tuple[Limit, ...]:
    """What a metric is held to by itself, and by its name in its metrics_spec.

    Raises InvalidParameter for thresholds of a metric that consists of several ones.
    """
    several = config.class_name in ("FairnessIndicators", "ConfusionMatrixAtThresholds")
    own = [*_of("", None, config.threshold), *_of_slices("", config.per_slice_thresholds)]
    if several and own:
        rule = f"in thresholds of the metrics_spec, by the name of a figure such as {name}/..."
        raise InvalidParameter(f"threshold of {config.class_name}", rule, own[0].threshold.rule)
    for at, threshold in spec.thresholds.items():
        if _names(name, at, several=several):
            own += _of(at, None, threshold)
    for at, sliced in spec.per_slice_thresholds.items():
        if _names(name, at, several=several):
            own += _of_slices(at, sliced.thresholds)
    return tuple(own)


def _names(name: str, asked: str, *, several: bool) -> bool:
    return asked.startswith(f"{name}/") if several else asked == name


def _of(metric: str, slices: SlicingSpec | None, threshold: MetricThreshold) -> list[Limit]:
    return [Limit(slices, limit, metric) for limit in threshold.limits]


def _of_slices(metric: str, sliced: tuple[SliceThreshold, ...]) -> list[Limit]:
    return [
        limit
        for one in sliced
        for slices in one.slicing_specs
        for limit in _of(metric, slices, one.threshold)
    ]


def validated(
    limit: Limit, where: Where, values: np.ndarray, baselines: np.ndarray
) -> Iterator[dict[str, Any]]:
    """For each slice of a limit: `slice`, `rule`, `value`, `baseline`, `passed` and `message`."""
    rule = limit.threshold.rule
    change = isinstance(limit.threshold, ChangeThreshold)
    found = False
    for at, cut in enumerate(where.cuts):
        if not where.chosen[at] or not (limit.slices is None or limit.slices.matches(cut)):
            continue
        found = True
        known = bool(where.enough[at])
        value = float(values[at]) if known else np.nan
        baseline = float(baselines[at]) if known and change else np.nan
        unknown = known and (np.isnan(value) or (change and np.isnan(baseline)))
        message = "no value" if unknown else "" if known else "fewer rows than min_slice_size"
        yield {
            "slice": where.names[at],
            "rule": rule,
            "value": value,
            "baseline": baseline,
            "passed": known and limit.threshold.holds(value, baseline),
            "message": message,
        }
    if not found:
        asked = "all slices" if limit.slices is None else in_words(limit.slices)
        yield {
            "slice": asked,
            "rule": rule,
            "value": np.nan,
            "baseline": np.nan,
            "passed": False,
            "message": "no such slice among slicing_specs",
        }


def in_words(spec: SlicingSpec) -> str:
    """A slicing_spec such as `sex, town north`."""
    parts = [f"{name} {spec.feature_values.get(name, '')}".strip() for name in spec.columns]
    return ", ".join(parts) or "all rows"

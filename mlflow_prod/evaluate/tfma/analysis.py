"""Runs an `EvalConfig` of TensorFlow Model Analysis on scored rows."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.evaluate.one_pass import Source
from mlflow_prod.evaluate.tfma.asked import Asked, asked_of, plan_of
from mlflow_prod.evaluate.tfma.config import EvalConfig, ModelSpec, SlicingSpec
from mlflow_prod.evaluate.tfma.counts import AS_IT_IS
from mlflow_prod.evaluate.tfma.figures import Found
from mlflow_prod.evaluate.tfma.limits import Where, validated
from mlflow_prod.evidence.measure import told

CHANGE = "difference"
VALIDATION = ("metric", "of_class", "threshold", "weighted", "slice", "rule", "value", "baseline", "passed")


class Analysis(NamedTuple):
    """What a config found: `metrics` and `validation`, a table each (`tfma`)."""

    metrics: pd.DataFrame
    validation: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether every threshold holds in every slice that it is for; true where there is none."""
        return bool(self.validation["passed"].all())


def tfma(
    config: EvalConfig,
    source: Source,
    task: Task,
    score: str | Sequence[str] = "",
    baseline: str | Sequence[str] = "",
) -> Analysis:
    """What a config of TensorFlow Model Analysis asks for, of rows that are scored already.

    Parameters
    ----------
    source, task : as of `count`. A config's label_key must be the task's target.
    score, baseline : columns of the model's and the baseline's answers, as of `count`; "": the prediction_key
        of the config's model, and of its baseline (is_baseline), if there is one.

    Returns
    -------
    `metrics`: a row for each `model` (names of the config, or candidate and baseline; `difference` of both),
    `metric`, class (`of_class`: that of an id, or an average), `threshold` (NaN: none) and `slice` (such as
    `sex Female, town north`; `all rows`): `weighted`, `rows`, `n` (Kish's effective number), `value`, `low`
    and `high` (95%, each by itself; NaN: unknown), and `bound`, how far the value of all scores may lie from
    it.
    `validation`: for each threshold of the config and each slice that it is for `rule`, `value`, `baseline`
    (of a change), `passed` and `message`. What has no value or too few rows fails, and so does a threshold
    for slices that are not there.

    Values are theirs: scores greater than a threshold are chosen (`slices` takes those from it up), areas are
    sums over 10,000 bins. Otherwise than there: of more than 256 slices areas are sums over our own bins; an
    area is NaN where a class is missing (there 0); a metric with several thresholds has a row for each; a
    metrics_spec's `thresholds` are for its own metrics, not for those saved with a model; a missing value is
    the slice `missing`; likelihoods count as at least 1.2e-7.

    Raises
    ------
    InvalidParameter : a metric or setting that is not known, or does not fit the task; two metrics of one
        name; a change_threshold without a baseline.
    DataError : as of `count`; more than 4,096 slices of a slicing_spec.
    """
    models = _models(config.model_specs, score, baseline)
    weight, label = (_agreed(config.model_specs, key) for key in ("example_weight_key", "label_key"))
    if label and label != task.target:
        raise InvalidParameter("label_key", f"the task's target {task.target!r}", label)
    slicing = config.slicing_specs or (SlicingSpec(),)
    asked = asked_of(config, task, list(models), bool(weight))
    plan = plan_of(asked, slicing)
    counts = {name: plan.counted(source, task, columns, weight) for name, columns in models.items()}
    whole = counts[next(iter(models))][AS_IT_IS, plan.weightings[0]].slices
    rows = Whole.of(whole).rows
    where = Where(
        whole.cuts,
        [told(cut) or "all rows" for cut in whole.cuts],
        np.array([any(spec.matches(cut) for spec in slicing) for cut in whole.cuts]),
        rows >= config.options.min_slice_size,
    )
    tables: list[pd.DataFrame] = []
    checked: list[dict[str, Any]] = []
    for one in asked:
        found = {name: list(one.found(counts[name])) for name in one.models}
        for parts in zip(*found.values(), strict=True):
            by_model = dict(zip(found, parts, strict=True))
            about = _about(one, parts[0], task)
            tables += _tables(about, by_model, where, rows)
            checked += [about | row for row in _checked(one, about["metric"], by_model, list(models), where)]
    validation = pd.DataFrame(checked, columns=[*VALIDATION, "message"])
    return Analysis(pd.concat(tables, ignore_index=True), validation.astype({"passed": bool}))


def _models(
    specs: Sequence[ModelSpec], score: str | Sequence[str], baseline: str | Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The columns of each model's answers, the baseline last."""
    ours = [spec for spec in specs if not spec.is_baseline] or [ModelSpec()]
    theirs = [spec for spec in specs if spec.is_baseline]
    if len(ours) > 1 or len(theirs) > 1:
        names = [spec.name for spec in specs]
        raise InvalidParameter("model_specs", "of one model and at most one baseline", names)
    found = {ours[0].name or "candidate": score or ours[0].prediction_key}
    if other := baseline or (theirs[0].prediction_key if theirs else ""):
        found[theirs[0].name or "baseline" if theirs else "baseline"] = other
    for name, columns in found.items():
        if not columns:
            raise InvalidParameter("score", f"given, for the config has no prediction_key of {name}", score)
    return {name: (one,) if isinstance(one, str) else tuple(one) for name, one in found.items()}


def _agreed(specs: Sequence[ModelSpec], key: str) -> str:
    found = sorted({getattr(spec, key) for spec in specs} - {""})
    if len(found) > 1:
        raise InvalidParameter(key, "the same for every model", found)
    return found[0] if found else ""


def _about(one: Asked, part: Found, task: Task) -> dict[str, Any]:
    return {
        "metric": one.metric.name + part.end,
        "of_class": one.of_class(task),
        "threshold": part.threshold,
        "weighted": one.weighted,
    }


def _tables(
    about: dict[str, Any], by_model: dict[str, Found], where: Where, rows: np.ndarray
) -> Iterator[pd.DataFrame]:
    kept = np.flatnonzero(where.chosen & where.enough)
    parts = dict(by_model)
    if len(parts) > 1:
        parts[CHANGE] = _change(*parts.values())
    for model, part in parts.items():
        columns = {
            "slice": [where.names[at] for at in kept],
            "rows": rows[kept],
            **{name: getattr(part.figure, name)[kept] for name in ("n", "value", "low", "high")},
            "bound": part.bound[kept],
        }
        yield pd.DataFrame({"model": model, **about, **columns})


def _change(ours: Found, theirs: Found) -> Found:
    # Of the same rows, whose answers hang together: their intervals do not say how far it may be off.
    unknown = np.full(len(ours.bound), np.nan)
    gap = Figure(ours.figure.value - theirs.figure.value, unknown, unknown, ours.figure.rows, ours.figure.n)
    return ours._replace(figure=gap, bound=ours.bound + theirs.bound)


def _checked(
    one: Asked, metric: str, by_model: dict[str, Found], models: list[str], where: Where
) -> Iterator[dict[str, Any]]:
    """Only the model is held to thresholds, not its baseline."""
    if models[0] not in by_model:
        return
    value = by_model[models[0]].figure.value
    other = by_model[models[-1]].figure.value if len(by_model) > 1 else np.full(len(value), np.nan)
    for limit in one.limits:
        if limit.metric in ("", metric):
            yield from validated(limit, where, value, other)

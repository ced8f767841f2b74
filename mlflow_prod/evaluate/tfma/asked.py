"""What an `EvalConfig` of TensorFlow Model Analysis asks for, metric by metric."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.evaluate.figures import Figure
from mlflow_prod.evaluate.tfma.config import ChangeThreshold, EvalConfig, MetricsSpec, SlicingSpec
from mlflow_prod.evaluate.tfma.counts import AS_IT_IS, Counted, Plan, View
from mlflow_prod.evaluate.tfma.figures import Found
from mlflow_prod.evaluate.tfma.limits import Limit, limits_of
from mlflow_prod.evaluate.tfma.metrics import Metric

# So many edges are exact in any number of slices.
FEW_EDGES = 1_000


@dataclass(frozen=True)
class Asked:
    """A metric as it is asked for once: of one class, an average of classes, or of the answers as they are.

    Parameters
    ----------
    weighted : whether rows count by their weight.
    models : those it is asked of.
    classes : the class, or those whose average it is, each with its weight.
    average : `micro`, `macro`, `weighted macro`, or "".
    """

    metric: Metric
    limits: tuple[Limit, ...]
    weighted: bool
    models: tuple[str, ...]
    classes: View = AS_IT_IS
    average: str = ""

    @property
    def views(self) -> tuple[View, ...]:
        """What has to be counted for it."""
        if self.average in ("", "micro"):
            return (self.classes,)
        return tuple(((code, 1.0),) for code, _ in self.classes)

    def of_class(self, task: Task) -> str:
        """The class or the average in words."""
        if self.average:
            return f"{self.average} average"
        return task.classes[self.classes[0][0]] if self.classes else ""

    def found(self, counts: Mapping[tuple[View, bool], Counted]) -> Iterator[Found]:
        """Its figures; averages of classes are without intervals, since a row counts in each class."""
        views = [counts[view, self.weighted] for view in self.views]
        each = [list(self.metric.kind.figures(counted, self.metric.settings)) for counted in views]
        if not self.average:
            yield from each[0]
            return
        shares = np.array([self._share(at, counted) for at, counted in enumerate(views)])
        for parts in zip(*each, strict=True):
            yield parts[0]._replace(
                figure=_mixed([part.figure for part in parts], shares),
                bound=_mean(np.array([part.bound for part in parts]), shares),
            )

    def _share(self, at: int, counted: Counted) -> np.ndarray:
        share = np.full(len(counted.slices.cuts), 1.0 if self.average == "micro" else self.classes[at][1])
        return share * counted.slices.mass[:, 1].sum(axis=-1) if self.average == "weighted macro" else share


def _mixed(figures: Sequence[Figure], shares: np.ndarray) -> Figure:
    value = _mean(np.array([figure.value for figure in figures]), shares)
    unknown = np.full(len(value), np.nan)
    return figures[0]._replace(value=value, low=unknown, high=unknown)


def _mean(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    total = shares.sum(axis=0)
    unknown = np.full(len(total), np.nan)
    found: np.ndarray = np.divide((values * shares).sum(axis=0), total, out=unknown, where=total > 0)
    return found


def asked_of(config: EvalConfig, task: Task, models: Sequence[str], weighted: bool) -> list[Asked]:
    """Every metric of a config, class by class.

    models : the model, and the baseline if there is one. weighted : whether rows carry weights.
    Raises InvalidParameter as `tfma` does.
    """
    found = [one for spec in config.metrics_specs for one in _of_spec(spec, task, models, weighted)]
    if not found:
        raise InvalidParameter("metrics_specs", "given, with one metric or more", config.metrics_specs)
    found = _once(found)
    changes = any(isinstance(limit.threshold, ChangeThreshold) for one in found for limit in one.limits)
    if changes and len(models) < 2:
        raise InvalidParameter("baseline", "given, for change_threshold compares with it", "")
    return found


def _once(found: Sequence[Asked]) -> list[Asked]:
    """The same metric of two metrics_specs only once, held to what both say."""
    kept: dict[tuple[object, ...], Asked] = {}
    for one in found:
        key = (one.metric.name, one.weighted, one.average, () if one.average else one.classes)
        first = kept.setdefault(key, one)
        if (first.metric, first.classes, first.models) != (one.metric, one.classes, one.models):
            raise InvalidParameter("name", "of one metric only: name them apart in config", one.metric.name)
        limits = first.limits + tuple(limit for limit in one.limits if limit not in first.limits)
        kept[key] = replace(first, limits=limits)
    return list(kept.values())


def _of_spec(spec: MetricsSpec, task: Task, models: Sequence[str], weighted: bool) -> Iterator[Asked]:
    for name in spec.model_names:
        if name not in models:
            raise InvalidParameter("model_names", f"of models ({did_you_mean(name, models)})", name)
    kept = tuple(name for name in models if name in (spec.model_names or models))
    names: set[str] = set()
    for config in spec.metrics:
        metric = Metric.of(config)
        limits = limits_of(config, metric.name, spec)
        names |= {limit.metric for limit in limits}
        for classes, average in _classes(spec, task, metric, config.class_name):
            for weighs in _weightings(spec, weighted):
                yield Asked(metric, limits, weighs, kept, classes, average)
    for name in chain(spec.thresholds, spec.per_slice_thresholds):
        if name not in names:
            known = [Metric.of(config).name for config in spec.metrics]
            rule = f"for a metric of its metrics_spec ({did_you_mean(name, known)})"
            raise InvalidParameter("thresholds", rule, name)


def _weightings(spec: MetricsSpec, weighted: bool) -> tuple[bool, ...]:
    given = spec.example_weights
    if given is None:
        return (weighted,)
    if not (given.weighted or given.unweighted):
        raise InvalidParameter("example_weights", "weighted, unweighted, or both", "neither")
    return tuple(dict.fromkeys([weighted] * given.weighted + [False] * given.unweighted))


def _classes(spec: MetricsSpec, task: Task, metric: Metric, class_name: str) -> Iterator[tuple[View, str]]:
    """The classes of each time that a metric is asked for, and their average."""
    alone, apart = metric.settings.class_id, spec.binarize.class_ids.values
    together = spec.aggregate.average
    if alone is not None and (apart or together):
        raise InvalidParameter(f"class_id of {class_name}", "given without binarize and aggregate", alone)
    if metric.kind.of == "rows":
        yield AS_IT_IS, ""
        return
    codes = (alone,) if alone is not None else apart
    split = bool(codes or together)
    rules = {
        "two": (task.kind == "binary" or split, "asked of two classes: give binarize or aggregate"),
        "numbers": (task.kind != "multiclass" or split, "asked of numbers: give binarize or aggregate"),
        "classes": (task.kind == "multiclass" and not split, "asked of classes, not of one of them"),
    }
    if split and task.kind != "multiclass":
        raise InvalidParameter("binarize and aggregate", "of more than two classes", task.kind)
    fits, rule = rules[metric.kind.of]
    if not fits:
        raise InvalidParameter(class_name, rule, task.kind)
    weights = dict(spec.aggregate.class_weights) or dict.fromkeys(range(len(task.classes)), 1.0)
    for code in chain(codes, weights if together else ()):
        if not 0 <= code < len(task.classes):
            raise InvalidParameter("class ids", f"0 to {len(task.classes) - 1}", code)
    if not split:
        yield AS_IT_IS, ""
    for code in codes:
        yield ((code, 1.0),), ""
    if together:
        yield tuple(sorted(weights.items())), together


def plan_of(asked: Sequence[Asked], slicing: Sequence[SlicingSpec]) -> Plan:
    """What has to be counted for all of them; the answers as they are always, without values."""
    views: dict[View, dict[str, None]] = {AS_IT_IS: {}}
    edges: set[float] = set()
    wished: set[float] = set()
    for one in asked:
        found = one.metric.kind.edges(one.metric.settings)
        (edges if len(found) <= FEW_EDGES else wished).update(found)
        for view in one.views:
            views.setdefault(view, {}).update(dict.fromkeys(one.metric.kind.values))
    return Plan(
        groupings=tuple(dict.fromkeys(spec.columns for spec in slicing)),
        views={view: tuple(values) for view, values in views.items()},
        edges=tuple(sorted(edges)),
        wished=tuple(sorted(edges | wished)),
        weightings=tuple(dict.fromkeys(one.weighted for one in asked)),
    )

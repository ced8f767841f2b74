"""Measures of quality, overall and by protected slice."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.evaluate.losses import brier_scores, log_losses
from mlflow_prod.evaluate.rates import rates
from mlflow_prod.evaluate.rows import Rows, slices
from mlflow_prod.evidence.measure import Measure
from mlflow_prod.stats import auc_interval, delong, effective_n, mean

Figure = tuple[str, float, float, float]


def evaluation(
    task: Task, target: np.ndarray, scores: np.ndarray, groups: pd.DataFrame, weight: np.ndarray | None = None
) -> list[Measure]:
    """Quality of `scores` against `target`, of all rows and of each value of each column of `groups`.

    Classes: `accuracy` (Wilson), `balanced_accuracy` (mean recall over the classes that occur; Wilson's ends
    combined after Zou and Donner), `auc` (binary; DeLong on the logit scale), `log_loss` and `brier`
    (multiclass: summed over classes; normal interval of the mean). Regression: `r2` (delta method), `mae`
    (normal interval), `rmse` (root of the interval of the squared errors), in the target's unit where they
    have one. All intervals are 95%.

    Parameters
    ----------
    target : class codes (n,) or numbers (n,).
    scores : as `Task` says: (n,), or (n, classes) for multiclass.
    groups : n rows, protected columns as text; a missing value is the group `missing`.
    weight : (n,), >= 0. Figures are then weighted, and `n` and the intervals rest on Kish's effective number
        of rows, which is smaller the more unequal the weights are.

    Slices of fewer than 10 rows are left out (they would speak of persons). `auc` is left out with fewer
    than two rows of a class, `r2` where the target does not vary. Probabilities count as at least 1.2e-7 in
    `log_loss`. Not for rows that hang together, such as many of one person: intervals are then too short.

    Raises
    ------
    DataError : no rows, lengths that differ, NaN scores, probabilities outside [0, 1], unknown class codes.
    """
    rows = Rows.of(task, target, scores, weight)
    figures = _regression if task.kind == "regression" else _classification
    measures = [_measure(figure, rows.n) for figure in figures(rows)]
    # Slices that come sorted by score cost the AUC a pass instead of a sort.
    order = np.argsort(rows.scores) if rows.scores.ndim == 1 else np.arange(len(rows.target))
    for cut, indices in slices(groups, order):
        part = rows.take(indices)
        if part.n:
            measures += [_measure(figure, part.n, cut) for figure in figures(part)]
    return measures


def _measure(figure: Figure, n: int, cut: tuple[tuple[str, str], ...] = ()) -> Measure:
    name, value, low, high = figure
    known = bool(np.isfinite(low) and np.isfinite(high))
    return Measure(name, value, low if known else None, high if known else None, n, cut)


def _classification(rows: Rows) -> Iterator[Figure]:
    target, scores, weight, k = rows.target, rows.scores, rows.weight, len(rows.task.classes)
    hit = rows.predicted == target
    whole = rates(np.zeros(len(hit), np.int64), hit, 1, weight)
    low, high = whole.interval()
    yield "accuracy", float(whole.value[0]), float(low[0]), float(high[0])

    recall = rates(target, hit, k, weight)
    low, high = recall.interval()
    seen = recall.n > 0
    centre = float(recall.value[seen].mean())
    below, above = (recall.value - low)[seen], (high - recall.value)[seen]
    yield (
        "balanced_accuracy",
        centre,
        max(0.0, centre - float(np.linalg.norm(below)) / seen.sum()),
        min(1.0, centre + float(np.linalg.norm(above)) / seen.sum()),
    )

    if rows.task.kind == "binary":
        # Rows without weight say nothing, and may not stand for a class.
        carried = slice(None) if weight is None else weight > 0
        positive = target[carried] == 1
        mass = np.ones(len(positive)) if weight is None else weight[carried]
        if min(positive.sum(), (~positive).sum()) >= 2:
            area, variance = delong(positive, scores[carried], None if weight is None else mass)
            counts = effective_n(mass[positive]), effective_n(mass[~positive])
            yield "auc", area, *auc_interval(area, variance, *counts)

    yield _at_least_zero("log_loss", log_losses(rows), weight)
    yield _at_least_zero("brier", brier_scores(rows), weight)


def _regression(rows: Rows) -> Iterator[Figure]:
    error, weight = rows.scores - rows.target, rows.weight
    distance = np.square(rows.target - np.average(rows.target, weights=weight))
    spread = float(np.average(distance, weights=weight))
    if spread > 0:
        ratio = float(np.average(np.square(error), weights=weight)) / spread
        # The influence of each row on the ratio of the two means; its mean is 0.
        _, low, high = mean((np.square(error) - ratio * distance) / spread, weight)
        yield "r2", 1 - ratio, 1 - ratio + low, min(1.0, 1 - ratio + high)
    yield _at_least_zero("mae", np.abs(error), weight)
    _, value, low, high = _at_least_zero("rmse", np.square(error), weight)
    yield "rmse", float(np.sqrt(value)), float(np.sqrt(low)) if low > -np.inf else low, float(np.sqrt(high))


def _at_least_zero(name: str, values: np.ndarray, weight: np.ndarray | None) -> Figure:
    value, low, high = mean(values, weight)
    return name, value, max(0.0, low) if low > -np.inf else low, high

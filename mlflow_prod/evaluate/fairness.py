"""Rates by protected slice, and the largest gap between the slices of a column."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate.rates import Rates, rates
from mlflow_prod.evaluate.rows import LEAST_ROWS, Rows, coded
from mlflow_prod.evidence.measure import Measure
from mlflow_prod.stats import effective_n, largest_gap, mean, pairs_confidence

# A rate: its name, the rows it is a share of, and which of them it counts.
Rate = tuple[str, np.ndarray, np.ndarray]


def fairness(
    task: Task,
    target: np.ndarray,
    scores: np.ndarray,
    groups: pd.DataFrame,
    weight: np.ndarray | None = None,
    threshold: float = 0.5,
) -> list[Measure]:
    """Rates of all rows and of each value of each column of `groups`, and `gap/<column>/<rate>`.

    Binary: `positive_rate`, `true_positive_rate`, `false_positive_rate` for scores from `threshold` up.
    Multiclass: `recall/<class>` of the likeliest class. All with Wilson's 95% interval and `n` the rows the
    rate is a share of. Regression: `mean_error` (prediction - target, in the target's unit; normal interval).

    A gap is the largest difference between any two groups of a column; its interval is Newcombe's,
    widened for the number of pairs, so that it holds the largest gap 19 times of 20. Rates of
    fewer than 10 rows are left out, and so from the gap: they would speak of persons. A column with fewer
    than two groups left has no gap. Weights count as in `evaluation`.

    Equal rates say nothing of why they are equal, and several kinds of rate cannot all be equal at once where
    base rates differ: choose the one that fits the decision. Raises DataError as `evaluation` does, and
    InvalidParameter for a threshold outside [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise InvalidParameter("threshold", "between 0 and 1", threshold)
    rows = Rows.of(task, target, scores, weight)
    everyone = ("", np.zeros(len(rows.target), np.int64), [""])
    measures: list[Measure] = []
    for column, codes, names in [everyone, *coded(groups, len(rows.target))]:
        if task.kind == "regression":
            measures += _mean_errors(rows, column, codes, names)
            continue
        for name, of, hit in _rates_of(rows, threshold):
            part = None if rows.weight is None else rows.weight[of]
            measures += _of_column(name, column, names, rates(codes[of], hit[of], len(names), part))
    return measures


def _rates_of(rows: Rows, threshold: float) -> Iterator[Rate]:
    if rows.task.kind == "binary":
        chosen = rows.scores >= threshold
        yield "positive_rate", np.ones(len(chosen), bool), chosen
        yield "true_positive_rate", rows.target == 1, chosen
        yield "false_positive_rate", rows.target == 0, chosen
        return
    predicted = rows.predicted
    for code, name in enumerate(rows.task.classes):
        yield f"recall/{name}", rows.target == code, predicted == code


def _of_column(name: str, column: str, names: list[str], found: Rates) -> Iterator[Measure]:
    enough = np.flatnonzero((found.rows >= LEAST_ROWS) & (found.n >= 1))
    kept = Rates(found.value[enough], found.rows[enough], found.n[enough])
    low, high = kept.interval()
    for at, code in enumerate(enough):
        cut = ((column, names[code]),) if column else ()
        yield Measure(
            name, float(kept.value[at]), float(low[at]), float(high[at]), int(kept.n[at] + 1e-6), cut
        )
    if len(enough) > 1:
        gap, nearest, farthest = largest_gap(kept.value, *kept.interval(pairs_confidence(len(enough))))
        yield Measure(f"gap/{column}/{name}", gap, nearest, min(1.0, farthest), int(kept.n.sum() + 1e-6))


def _mean_errors(rows: Rows, column: str, codes: np.ndarray, names: list[str]) -> Iterator[Measure]:
    error = rows.scores - rows.target
    parts = []
    for code, value in enumerate(names):
        of = codes == code
        weight = None if rows.weight is None else rows.weight[of]
        n = float(of.sum()) if weight is None else effective_n(weight)
        if of.sum() >= LEAST_ROWS and n > 1:
            parts.append((value, error[of], weight, int(n + 1e-6)))
    for value, errors, weight, n in parts:
        yield Measure("mean_error", *mean(errors, weight), n, ((column, value),) if column else ())
    if len(parts) > 1:
        confidence = pairs_confidence(len(parts))
        ends = np.array([mean(errors, weight, confidence) for _, errors, weight, _ in parts])
        yield Measure(f"gap/{column}/mean_error", *largest_gap(*ends.T), sum(part[3] for part in parts))

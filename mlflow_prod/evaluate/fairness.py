"""Rates by protected slice, and the largest gap between the slices of a column."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.count import count_rows
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.figures import Figure
from mlflow_prod.evaluate.rows import LEAST_ROWS, Rows
from mlflow_prod.evidence.measure import Measure
from mlflow_prod.profile import Slices
from mlflow_prod.stats import largest_gap, pairs_confidence

# Of two classes, whose other rates follow from these.
RATES = ("positive_rate", "true_positive_rate", "false_positive_rate")


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
    rows = Rows.of(task, target, scores, weight)
    counts = count_rows(rows, groups, (threshold,))
    slices = counts.slices
    places: dict[str, list[int]] = {"": [0]}
    for at, cut in enumerate(slices.cuts[1:], 1):
        places.setdefault(cut[0][0], []).append(at)
    found = _figures(counts, threshold)
    return [
        measure
        for column, of in places.items()
        for name, figure in found.items()
        for measure in _of_column(name, column, figure, slices, np.array(of), share=task.kind != "regression")
    ]


def _figures(counts: Counts, threshold: float) -> dict[str, Figure]:
    counting, slices = counts.counting, counts.slices
    if counting.task.kind == "binary":
        rates = binary.rates(slices, counting.scale, threshold)
        return {name: rates[name] for name in RATES}
    if counting.task.kind == "multiclass":
        names = (f"recall/{name}" for name in counting.task.classes)
        return dict(zip(names, classes.recalls(slices), strict=True))
    return {"mean_error": regression.figures(slices)["mean_error"]}


def _of_column(
    name: str, column: str, figure: Figure, slices: Slices, of: np.ndarray, *, share: bool
) -> Iterator[Measure]:
    # One row alone has no spread.
    enough = (figure.rows[of] >= LEAST_ROWS) & (figure.n[of] >= 1 if share else figure.n[of] > 1)
    kept = of[enough]
    for at in kept:
        value, low, high = (float(end[at]) for end in (figure.value, figure.low, figure.high))
        yield Measure(name, value, low, high, int(figure.n[at] + 1e-6), slices.cuts[at])
    if len(kept) < 2:
        return
    confidence = pairs_confidence(len(kept))
    low, high = (end[kept] for end in figure.widened(confidence, share=share))
    gap, nearest, farthest = largest_gap(figure.value[kept], low, high)
    if share:
        farthest = min(1.0, farthest)
    yield Measure(f"gap/{column}/{name}", gap, nearest, farthest, int(figure.n[kept].sum() + 1e-6))

"""Rates by protected slice, and how far the slices of a column lie apart, as measures."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.count import count_rows
from mlflow_prod.evaluate.counting import Counting
from mlflow_prod.evaluate.fairness.gaps import Gap, Kind, between, enough
from mlflow_prod.evaluate.fairness.parity import groups_in, groups_of, some_of
from mlflow_prod.evaluate.figures import Figure
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.evidence.measure import Measure
from mlflow_prod.profile import Slices

# Of two classes, whose other rates follow from these.
RATES = ("positive_rate", "true_positive_rate", "false_positive_rate")
ODDS = ("true_positive_rate", "false_positive_rate")


def fairness(
    task: Task,
    target: np.ndarray,
    scores: np.ndarray,
    groups: pd.DataFrame,
    weight: np.ndarray | None = None,
    threshold: float = 0.5,
) -> list[Measure]:
    """Rates of all rows and of each value of each column of `groups`, and `gap/<column>/<rate>`.

    Binary: `positive_rate`, `true_positive_rate`, `false_positive_rate` for scores from `threshold` up; also
    `gap/<column>/equalized_odds`, the larger gap of the last two, and `ratio/<column>/positive_rate`, the
    lowest rate over the highest, of which the rule of four fifths asks 0.8. Multiclass: `recall/<class>` of
    the likeliest class. All with Wilson's 95% interval and `n` the rows the rate is a share of. Regression:
    `mean_error` (prediction - target, in the target's unit; normal interval).

    A gap is the largest difference between any two groups of a column; its interval is Newcombe's, widened
    for the number of pairs, so that it holds the largest gap 19 times of 20; that of the ratio is Donner and
    Zou's, likewise. Rates of fewer than 10 rows are left out, and so from the gap: they would speak of
    persons. A column with fewer than two groups left has no gap, and rates that are all 0 have no ratio.
    Weights count as in `evaluation`.

    Equal rates say nothing of why they are equal, and several kinds of rate cannot all be equal at once where
    base rates differ: choose the one that fits the decision. `parity` compares by every notion, at several
    thresholds. Raises DataError as `evaluation` does, and InvalidParameter for a threshold outside [0, 1].
    """
    counts = count_rows(Rows.of(task, target, scores, weight), groups, (threshold,))
    counting = counts.counting
    kind: Kind = "signed" if task.kind == "regression" else "share"
    whole = some_of(counts.slices, [0])
    found = [*_of_slices(whole, _figures(counting, whole, threshold), kind)]
    for column, part in groups_of(counts):
        figures = _figures(counting, part, threshold)
        found += _of_slices(part, figures, kind)
        found += _of_column(column, part, figures, kind)
    return found


def _figures(counting: Counting, slices: Slices, threshold: float) -> dict[str, Figure]:
    if counting.task.kind == "binary":
        rates = binary.rates(slices, counting.scale, threshold)
        return {name: rates[name] for name in RATES}
    if counting.task.kind == "multiclass":
        names = (f"recall/{name}" for name in counting.task.classes)
        return dict(zip(names, classes.recalls(slices), strict=True))
    return {"mean_error": regression.figures(slices)["mean_error"]}


def _of_slices(slices: Slices, figures: Mapping[str, Figure], kind: Kind) -> Iterator[Measure]:
    for name, figure in figures.items():
        for at in np.flatnonzero(enough(figure, kind)):
            value, low, high = (float(end[at]) for end in (figure.value, figure.low, figure.high))
            yield Measure(name, value, low, high, int(figure.n[at] + 1e-6), slices.cuts[at])


def _of_column(column: str, part: Slices, figures: Mapping[str, Figure], kind: Kind) -> Iterator[Measure]:
    groups = groups_in(part)

    def gap(*names: str) -> Gap:
        return between({name: figures[name] for name in names}, groups, kind)

    gaps = {name: gap(name) for name in figures}
    if set(ODDS) <= set(figures):
        gaps["equalized_odds"] = gap(*ODDS)
    for name, found in gaps.items():
        if found.groups >= 2:
            ends = (found.difference, found.difference_low, found.difference_high)
            yield Measure(f"gap/{column}/{name}", *ends, int(found.n + 1e-6))
    chosen = gaps.get("positive_rate")
    if chosen and not np.isnan(chosen.ratio):
        ends = (chosen.ratio, chosen.ratio_low, chosen.ratio_high)
        yield Measure(f"ratio/{column}/positive_rate", *ends, int(chosen.n + 1e-6))

"""All figures of all slices, as a table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.profile import Scale, Slices

MOST_AT_ONCE = 128


def slices(counts: Counts) -> pd.DataFrame:
    """Figures of all rows and of each slice that was counted.

    Returns a row for each slice that has rows, the first of all rows: its columns' values (None where it is
    not cut by a column), `rows`, `n` (Kish's effective number), and each figure's value, `_low` and `_high`
    with 95% intervals, each by itself: of a thousand slices some fifty lie outside by chance.
    Binary: `auc` and `pr_auc`, with `_bound`, how far that of the rows may lie from it, and at each threshold
    the rates and `f1`; `log_loss` and `brier` are NaN in crosses of columns. Regression: `r2`, `mae`, `rmse`,
    `mean_error`.

    Raises InvalidParameter for a task of more than two classes.
    """
    task, found = counts.counting.task, counts.slices
    if task.kind == "multiclass":
        raise InvalidParameter("task", "binary or regression", task.kind)
    # Some at a time, whose intermediate results fit in memory that is there.
    parts = [_figures(task, counts.counting.scale, part) for part in found.parts(MOST_AT_ONCE)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return pd.DataFrame(_cuts(found, counts.counting.columns) | joined)


def _cuts(found: Slices, columns: Sequence[str]) -> dict[str, Sequence[object] | np.ndarray]:
    whole = Whole.of(found)
    values = [dict(cut) for cut in found.cuts]
    return {
        **{name: [cut.get(name) for cut in values] for name in columns},
        "rows": whole.rows,
        "n": whole.n,
    }


def _figures(task: Task, scale: Scale, found: Slices) -> dict[str, np.ndarray]:
    if task.kind == "regression":
        return _spread(regression.figures(found))
    area, bound = binary.auc(found)
    precision, its_bound = binary.pr_auc(found, scale)
    table = {
        **_spread({"auc": area}),
        "auc_bound": bound,
        **_spread({"pr_auc": precision}),
        "pr_auc_bound": its_bound,
        **_spread(classes.losses(found)),
    }
    for threshold in scale.thresholds:
        rates = binary.rates(found, scale, threshold)
        end = f"_at_{threshold:g}" if len(scale.thresholds) > 1 else ""
        table |= _spread({f"{name}{end}": rate for name, rate in {**rates, "f1": binary.f1(rates)}.items()})
    return table


def _spread(figures: dict[str, Figure]) -> dict[str, np.ndarray]:
    return {
        f"{name}{end}": part
        for name, figure in figures.items()
        for end, part in (("", figure.value), ("_low", figure.low), ("_high", figure.high))
    }

"""Measures of quality, overall and by protected slice."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.count import count_rows
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.evaluate.rows import LEAST_ROWS, Rows
from mlflow_prod.evidence.measure import Measure
from mlflow_prod.profile import Slices


def evaluation(
    task: Task, target: np.ndarray, scores: np.ndarray, groups: pd.DataFrame, weight: np.ndarray | None = None
) -> list[Measure]:
    """Quality of `scores` against `target`, of all rows and of each value of each column of `groups`.

    Classes: `accuracy` (Wilson), `balanced_accuracy` (mean recall over the classes that occur; Price and
    Bonett), `auc` (DeLong on the logit scale; multiclass: mean of each class against the rest), `log_loss`
    and `brier` (multiclass: summed over classes; normal interval of the mean), `ece` (`calibration_error`;
    multiclass: of the likeliest class). Binary also `f1` and `pr_auc`, multiclass `macro_f1`. Regression:
    `r2` (delta method), `mae`, `mape` (normal interval), `rmse` (root of the interval of the squared errors),
    in the target's unit where they have one. All intervals are 95%.

    Parameters
    ----------
    target : class codes (n,) or numbers (n,).
    scores : as `Task` says: (n,), or (n, classes) for multiclass.
    groups : n rows, protected columns as text; a missing value is the group `missing`.
    weight : (n,), >= 0. Figures are then weighted, and `n` and the intervals rest on Kish's effective number
        of rows, which is smaller the more unequal the weights are.

    Slices of fewer than 10 rows are left out (they would speak of persons). `auc` is left out with fewer
    than two rows of a class, `r2` where the target does not vary, `mape` where a target is 0. Of more than
    16,384 different scores `auc` and `pr_auc` are counted in bins (`Scale`), a few 1e-5 from those of
    the rows. Probabilities count as at least
    1.2e-7 in `log_loss`. Not for rows that hang together, such as many of one person: intervals are then too
    short.

    Raises
    ------
    DataError : no rows, lengths that differ, NaN scores, probabilities outside [0, 1], unknown class codes.
    """
    rows = Rows.of(task, target, scores, weight)
    counts = count_rows(rows, groups)
    return list(_measures(counts.slices, figures(counts)))


def figures(counts: Counts) -> dict[str, Figure]:
    """The figures by name, each of every slice."""
    counting, slices = counts.counting, counts.slices
    if counting.task.kind == "regression":
        found = regression.figures(slices)
        return {name: found[name] for name in ("r2", "mae", "rmse", "mape")}
    whole = Whole.of(slices)
    if counting.task.kind == "multiclass":
        balanced = classes.balanced_accuracy(classes.recalls(slices), whole)
        return {
            "accuracy": classes.accuracy(slices),
            "balanced_accuracy": balanced,
            "macro_f1": classes.macro(slices)["macro_f1"],
            "auc": classes.auc(counting, slices)[0],
            **classes.losses(slices),
            "ece": classes.ece(counting, slices)[0],
        }
    rates = binary.rates(slices, counting.scale, 0.5)
    recalls = (rates["true_negative_rate"], rates["true_positive_rate"])
    return {
        "accuracy": rates["accuracy"],
        "balanced_accuracy": classes.balanced_accuracy(recalls, whole),
        "f1": binary.f1(rates),
        "auc": binary.auc(slices)[0],
        "pr_auc": binary.pr_auc(slices, counting.scale)[0],
        **classes.losses(slices),
        "ece": binary.ece(slices, counting.scale)[0],
    }


def _measures(slices: Slices, found: dict[str, Figure]) -> Iterator[Measure]:
    whole = Whole.of(slices)
    for at, cut in enumerate(slices.cuts):
        n = int(whole.n[at] + 1e-6)
        if cut and (whole.rows[at] < LEAST_ROWS or not n):
            continue
        for name, figure in found.items():
            value, low, high = (float(part[at]) for part in (figure.value, figure.low, figure.high))
            if not np.isnan(value):
                known = np.isfinite(low) and np.isfinite(high)
                yield Measure(name, value, low if known else None, high if known else None, n, cut)

"""All figures of all slices, as a table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError
from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.counting import Counting, Counts
from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.profile import Slices

MOST_AT_ONCE = 128


def slices(counts: Counts, quantiles: Sequence[float] = ()) -> pd.DataFrame:
    """Figures of all rows and of each slice that was counted.

    Returns a row for each slice that has rows, the first of all rows: its columns' values (None where it is
    not cut by a column), `rows`, `n` (Kish's effective number), and each figure's value, `_low` and `_high`
    with 95% intervals, each by itself: of a thousand slices some fifty lie outside by chance. What is counted
    in bins has a `_bound`, too: how far that of the rows may lie from it. NaN where a figure has no value.

    Binary: `auc`, `pr_auc`, `log_loss`, `brier`, `ece` (`calibration_error`; these three exact for all rows
    and single columns), and at each threshold the rates, `balanced_accuracy` and `f1`. Multiclass:
    `accuracy`, `balanced_accuracy`, `macro_precision`, `macro_recall`, `macro_f1`, `log_loss`, `brier`; of
    all rows and single columns `auc` (mean of each class against the rest), `ece` (of the likeliest class);
    and of each class, however rare, `rows/CLASS`, `precision/CLASS`, `recall/CLASS`, `f1/CLASS`. Regression:
    `r2`, `mae`, `rmse`, `mape`, `mean_error`, and `quantile_loss` at each of `quantiles`. Where there are
    several thresholds or quantiles a name ends in `_at_0.2`.

    Raises InvalidParameter for a quantile outside (0, 1), and DataError for a column that is called as a
    figure is.
    """
    counting, found = counts.counting, counts.slices
    # Some at a time, whose intermediate results fit in memory that is there.
    parts = [_figures(counting, part, quantiles) for part in found.parts(MOST_AT_ONCE)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if taken := sorted(set(counting.columns) & {"rows", "n", *joined}):
        raise DataError(f"column {taken[0]!r} is called as a figure is: give it another name")
    return pd.DataFrame(_cuts(found, counting.columns) | joined)


def _cuts(found: Slices, columns: Sequence[str]) -> dict[str, Sequence[object] | np.ndarray]:
    whole = Whole.of(found)
    values = [dict(cut) for cut in found.cuts]
    return {
        **{name: [cut.get(name) for cut in values] for name in columns},
        "rows": whole.rows,
        "n": whole.n,
    }


def _figures(counting: Counting, found: Slices, quantiles: Sequence[float]) -> dict[str, np.ndarray]:
    if counting.task.kind == "regression":
        table = _spread(regression.figures(found))
        for quantile, end in _ends(quantiles):
            table |= _spread({f"quantile_loss{end}": regression.quantile_loss(found, quantile)})
        return table
    if counting.task.kind == "multiclass":
        return _of_classes(counting, found)
    scale = counting.scale
    table = _bounded({"auc": binary.auc(found), "pr_auc": binary.pr_auc(found, scale)})
    table |= _bounded({**binary.losses(found, scale), "ece": binary.ece(found, scale)})
    whole = Whole.of(found)
    for threshold, end in _ends(scale.thresholds):
        rates = binary.rates(found, scale, threshold)
        recalls = (rates["true_negative_rate"], rates["true_positive_rate"])
        rates |= {"balanced_accuracy": classes.balanced_accuracy(recalls, whole), "f1": binary.f1(rates)}
        table |= _spread({f"{name}{end}": rate for name, rate in rates.items()})
    return table


def _of_classes(counting: Counting, found: Slices) -> dict[str, np.ndarray]:
    recalls = classes.recalls(found)
    table = _spread(
        {
            "accuracy": classes.accuracy(found),
            "balanced_accuracy": classes.balanced_accuracy(recalls, Whole.of(found)),
            **classes.macro(found),
            **classes.losses(found),
        }
    )
    table |= _bounded({"auc": classes.auc(counting, found), "ece": classes.ece(counting, found)})
    each = zip(counting.task.classes, classes.precisions(found), recalls, classes.f1s(found), strict=True)
    for name, precision, recall, f1 in each:
        table[f"rows/{name}"] = recall.rows
        table |= _spread({f"precision/{name}": precision, f"recall/{name}": recall, f"f1/{name}": f1})
    return table


def _ends(values: Sequence[float]) -> list[tuple[float, str]]:
    texts = [f"{value:g}" for value in values]
    # Two that are nearly equal are two all the same.
    if len(set(texts)) < len(set(values)):
        texts = [str(float(value)) for value in values]
    return [
        (value, f"_at_{text}" if len(values) > 1 else "") for value, text in zip(values, texts, strict=True)
    ]


def _bounded(figures: dict[str, tuple[Figure, np.ndarray]]) -> dict[str, np.ndarray]:
    return {
        column: part
        for name, (figure, bound) in figures.items()
        for column, part in {**_spread({name: figure}), f"{name}_bound": bound}.items()
    }


def _spread(figures: dict[str, Figure]) -> dict[str, np.ndarray]:
    return {
        f"{name}{end}": part
        for name, figure in figures.items()
        for end, part in (("", figure.value), ("_low", figure.low), ("_high", figure.high))
    }

"""All figures of all slices of a table of any size."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.data.batches import batches
from mlflow_prod.data.task import Task
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.count import Counting
from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.profile import Scale, Slices

MOST_AT_ONCE = 128


def slices(
    source: pd.DataFrame | str | Path,
    task: Task,
    score: str,
    columns: Sequence[str],
    *,
    weight: str = "",
    crosses: int = 2,
    thresholds: Sequence[float] = (0.5,),
) -> pd.DataFrame:
    """Figures of all rows, of each value of each column and of each pair of values of two columns.

    Parameters
    ----------
    source : table, or a Parquet file or folder of any size, which is read once, batch by batch.
    task : binary or regression; its target is a column of `source`.
    score : column of the model's answers: the positive class's probability, or the number predicted.
    columns : columns to slice by, of few values each: one of more than 4,096 is left out, and so is a pair of
        more. A missing value is the slice `missing`.
    weight : column of weights, >= 0.
    crosses : 1: columns by themselves; 2: pairs of them too.
    thresholds : from which up the positive class is chosen.

    Returns a row for each slice that has rows, the first of all rows: its columns' values (None where it is
    not cut by a column), `rows`, `n` (Kish's effective number), and each figure's value, `_low` and `_high`
    with 95% intervals, each by itself: of a thousand slices some fifty lie outside by chance.
    Binary: `auc` and `pr_auc`, with `_bound`, how far that of the rows may lie from it, and at each threshold
    the rates and `f1`. `log_loss`, `brier` and regression's `r2`, `mae`, `rmse` and `mean_error` are NaN in
    pairs of columns.

    Raises DataError for rows that `Rows` does not take and columns that are not there, InvalidParameter.
    """
    if task.kind == "multiclass":
        raise InvalidParameter("task", "binary or regression", task.kind)
    if crosses not in (1, 2):
        raise InvalidParameter("crosses", "1 or 2", crosses)
    cuts = tuple(itertools.combinations(range(len(columns)), 2)) if crosses == 2 else ()
    scale, counting, cells = Scale.logits(thresholds), None, None
    wanted = [*columns, task.target, score, *([weight] if weight else [])]
    for batch in batches(source, wanted, columns):
        rows = _rows(batch, task, score, weight)
        if counting is None or cells is None:
            centre = float(rows.target.mean()) if task.kind == "regression" else 0.0
            counting = Counting(task, tuple(columns), scale, cuts, centre, bool(weight))
            cells = counting.cells()
        counting.add(cells, rows, [batch.column(name) for name in columns])
    if cells is None:
        raise DataError(f"{source} has no rows: give at least one")
    found = cells.slices()
    # Some at a time, whose intermediate results fit in memory that is there.
    parts = [_figures(task, scale, part) for part in found.parts(MOST_AT_ONCE)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return pd.DataFrame(_cuts(found, columns) | joined)


def _rows(batch: pa.RecordBatch, task: Task, score: str, weight: str) -> Rows:
    target = batch.column(task.target)
    labels = _codes(target, task) if task.kind == "binary" else _numbers(target, task.target)
    weights = _numbers(batch.column(weight), weight) if weight else None
    return Rows.of(task, labels, _numbers(batch.column(score), score), weights)


def _codes(target: pa.Array, task: Task) -> np.ndarray:
    whole = all(text.removeprefix("-").isdecimal() for text in task.classes)
    if pa.types.is_integer(target.type) and not target.null_count and whole:
        # Ten times as fast as by a dictionary.
        values = target.to_numpy(zero_copy_only=False)
        negative, positive = (values == int(text) for text in task.classes)
        if (negative | positive).all():
            return np.asarray(positive, np.int32)
    coded = target if pa.types.is_dictionary(target.type) else target.dictionary_encode()
    texts = as_text(pd.Series(coded.dictionary.to_pylist(), dtype=object)).tolist()
    missing = target.null_count or any(pd.isna(text) for text in texts)
    unknown = [text for text in texts if text not in task.classes]
    if missing or unknown:
        got = "a missing value" if missing else repr(unknown[0])
        raise DataError(f"target {task.target!r} must hold the classes {', '.join(task.classes)}, got {got}")
    numbers = np.array([task.classes.index(text) for text in texts], np.int32)
    return numbers.take(coded.indices.to_numpy(zero_copy_only=False), mode="clip")


def _numbers(values: pa.Array, name: str) -> np.ndarray:
    if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
        raise DataError(f"column {name!r} must hold numbers, got {values.type}")
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64)


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

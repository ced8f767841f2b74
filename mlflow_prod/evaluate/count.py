"""One pass over scored rows."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate.counting import Counting, Counts
from mlflow_prod.evaluate.cuts import Column, Cut
from mlflow_prod.evaluate.read import Source, scored
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.profile import Scale

MOST_CROSSED = 3


def count(
    source: Source,
    task: Task,
    score: str | Sequence[str],
    columns: Sequence[str | Cut] = (),
    *,
    weight: str = "",
    crosses: int = 1,
    thresholds: Sequence[float] = (0.5,),
) -> Counts:
    """Counts the scored rows of a table, of each slice of it, in one pass.

    Parameters
    ----------
    source : table, or a Parquet file or folder of any size, which is read once, batch by batch.
    task : its target is a column of `source`.
    score : column of the model's answers: the positive class's probability, or the number predicted; of more
        than two classes a column for each, in the task's order.
    columns : what to slice by: columns of few values each, or a `Cut`. One of more than 4,096 values is left
        out, and so is a cross of more. A missing value is the slice `missing`.
    weight : column of weights, >= 0.
    crosses : 1: columns by themselves; 2: pairs of them too; 3: also three together.
    thresholds : of two classes, from which up the positive class is chosen.

    Raises DataError for rows that `Rows` does not take and columns that are not there, InvalidParameter.
    """
    names = (score,) if isinstance(score, str) else tuple(score)
    if len(names) != (needed := len(task.classes) if task.kind == "multiclass" else 1):
        raise InvalidParameter("score", f"{needed} column{'s'[: needed > 1]} of a {task.kind} task", names)
    if crosses not in range(1, MOST_CROSSED + 1):
        raise InvalidParameter("crosses", f"1 to {MOST_CROSSED}", crosses)
    cuts = [Column(cut) if isinstance(cut, str) else cut for cut in columns]
    titles = tuple(cut.name for cut in cuts)
    if len(set(titles)) < len(titles):
        raise InvalidParameter("columns", "named once each", titles)
    together = [
        one for size in range(2, crosses + 1) for one in itertools.combinations(range(len(cuts)), size)
    ]
    found = None
    for rows, groups in scored(source, task, names, cuts, weight):
        if found is None:
            centre = float(rows.target.mean()) if task.kind == "regression" else 0.0
            scale = Scale.logits(thresholds)
            counting = Counting(task, titles, scale, tuple(together), centre, bool(weight))
            found = Counts(counting, counting.cells())
        found.counting.add(found.cells, rows, groups)
    if found is None:
        raise DataError(f"{source} has no rows: give at least one")
    return found


def count_rows(rows: Rows, groups: pd.DataFrame, thresholds: Sequence[float] = (0.5,)) -> Counts:
    """Counts rows by each column of `groups`, which needs a row for each of them, else DataError.

    Of few different scores, which it has seen all, no two count as tied.
    """
    if len(groups) != len(rows.target) and groups.shape[1]:
        raise DataError(
            f"groups must have a row for each of the {len(rows.target)} targets, got {len(groups)}"
        )
    binary, columns = rows.task.kind == "binary", tuple(str(name) for name in groups.columns)
    scale = Scale.of(rows.scores, thresholds) if binary else Scale.logits(thresholds)
    centre = float(np.average(rows.target, weights=rows.weight)) if rows.task.kind == "regression" else 0.0
    counting = Counting(rows.task, columns, scale, centre=centre, weighted=rows.weight is not None)
    cells = counting.cells()
    counting.add(cells, rows, [_in_one(groups[name]) for name in groups.columns])
    return Counts(counting, cells)


def _in_one(values: pd.Series) -> pa.Array:
    array = pa.array(values, from_pandas=True)
    # Texts of a table that was joined from several stay in as many pieces.
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array

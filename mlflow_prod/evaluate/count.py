"""One pass over scored rows."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate.counting import Counting, Counts
from mlflow_prod.evaluate.cuts import Column, Cut
from mlflow_prod.evaluate.cuts.arrow import categories
from mlflow_prod.evaluate.one_pass import FIRST, Source, first_rows, one_pass
from mlflow_prod.evaluate.read import Reading, score_columns
from mlflow_prod.evaluate.rows import NO_WEIGHT, Rows
from mlflow_prod.profile import Cells, Scale
from mlflow_prod.profile.scale import MOST_SCORES
from mlflow_prod.profile.table import MOST_NUMBERS

MOST_CROSSED = 3
# Different scores of two classes that have a bin each, of rows that are all in memory.
MOST_EXACT = 16_384


def count(
    source: Source,
    task: Task,
    score: str | Sequence[str],
    columns: Sequence[str | Cut] = (),
    *,
    weight: str = "",
    crosses: int | Sequence[Sequence[str]] = 1,
    thresholds: Sequence[float] = (0.5,),
) -> Counts:
    """Counts the scored rows of a table, of each slice of it, in one pass.

    Parameters
    ----------
    source : table, or a Parquet file or folder of any size, which is read once, batch by batch; or a Spark
        DataFrame (extra `spark`), whose partitions are counted by its workers, which need this package.
    task : its target is a column of `source`.
    score : column of the model's answers: the positive class's probability, or the number predicted; of more
        than two classes a column for each, in the task's order.
    columns : what to slice by: columns of few values each, or a `Cut`. One of more than 4,096 values is left
        out, and so is a cross of more. A missing value is the slice `missing`.
    weight : column of weights, >= 0.
    crosses : 1: columns by themselves; 2: pairs of them too; 3: also three together; or the names of those
        that are cut by together, such as [("sex", "age")].
    thresholds : of two classes, from which up the positive class is chosen.

    Raises DataError for rows that `Rows` does not take and columns that are not there, InvalidParameter.
    """
    names = score_columns(task, score)
    cuts = [Column(cut) if isinstance(cut, str) else cut for cut in columns]
    for cut in cuts:
        if not hasattr(cut, "reads"):
            raise InvalidParameter("columns", "names of columns, as texts, or cuts", cut)
    titles = tuple(cut.name for cut in cuts)
    if len(set(titles)) < len(titles):
        raise InvalidParameter("columns", "named once each", titles)
    together = _together(crosses, titles)
    reading = Reading(task, names, tuple(cuts), weight)
    counting = Counting(task, titles, Scale.logits(thresholds), together, weighted=bool(weight))
    if task.kind == "regression":
        # One centre for all batches and partitions, whose sums would else not add.
        few = reading.rows(first_rows(source, reading).slice(0, FIRST))
        counting = replace(counting, centre=float(few.target.mean()))
    cells = one_pass(source, reading, counting, Cells.from_bytes)
    if weight and not cells.weight > 0:
        raise DataError(NO_WEIGHT)
    return Counts(counting, cells)


def _together(crosses: int | Sequence[Sequence[str]], titles: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The columns, by position, that are cut by together."""
    every = range(len(titles))
    if isinstance(crosses, int):
        if crosses not in range(1, MOST_CROSSED + 1):
            raise InvalidParameter("crosses", f"1 to {MOST_CROSSED}", crosses)
        sizes = range(2, crosses + 1)
        return tuple(one for size in sizes for one in itertools.combinations(every, size))
    found = set()
    for names in crosses:
        known = not isinstance(names, str) and set(names) <= set(titles)
        if not known or not 2 <= len(set(names)) == len(names) <= MOST_CROSSED:
            rule = f"1 to {MOST_CROSSED}, or of each cross the names of 2 to {MOST_CROSSED} of the columns"
            raise InvalidParameter("crosses", rule, names)
        found.add(tuple(sorted(titles.index(name) for name in names)))
    return tuple(sorted(found, key=lambda cross: (len(cross), cross)))


def count_rows(rows: Rows, groups: pd.DataFrame, thresholds: Sequence[float] = (0.5,)) -> Counts:
    """Counts rows by each column of `groups`, which needs a row for each of them, else DataError.

    Of few different scores, which it has seen all, no two count as tied.
    """
    if len(groups) != len(rows.target) and groups.shape[1]:
        raise DataError(
            f"groups must have a row for each of the {len(rows.target)} targets, got {len(groups)}"
        )
    columns = tuple(str(name) for name in groups.columns)
    if len(set(columns)) < len(columns):
        raise InvalidParameter("groups", "columns named once each", columns)
    arrays = [_in_one(groups.iloc[:, at], name) for at, name in enumerate(columns)]
    numbers = rows.task.kind == "regression"
    scale = Scale.logits(thresholds) if numbers else Scale.of(rows.scores, thresholds, _most(rows, arrays))
    centre = float(np.average(rows.target, weights=rows.weight)) if rows.task.kind == "regression" else 0.0
    counting = Counting(rows.task, columns, scale, centre=centre, weighted=rows.weight is not None)
    cells = counting.cells()
    counting.add(cells, rows, arrays)
    return Counts(counting, cells)


def _most(rows: Rows, groups: Sequence[pa.Array]) -> int:
    """How many different scores can have a bin each, where all cells are to fit into memory."""
    if rows.task.kind != "binary":
        return MOST_SCORES
    levels = max((len(values.unique()) for values in groups), default=1)
    # Half of what fits: thresholds and tenths cut further bins.
    return int(np.clip(MOST_NUMBERS // (4 * max(1, levels)), MOST_SCORES, MOST_EXACT))


def _in_one(values: pd.Series, name: str) -> pa.Array:
    try:
        array = pa.array(values, from_pandas=True)
    except pa.ArrowException as problem:
        raise DataError(f"column {name!r} of groups must hold values of one type: {problem}") from problem
    # Texts of a table that was joined from several stay in as many pieces.
    return categories(array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array, name)

"""What to work on next: where how much could be gained."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean
from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.evaluate.rows import LEAST_ROWS
from mlflow_prod.evidence.measure import LOWER_IS_BETTER, told

# Means over rows: of these, shares times gaps add up to what the whole gains.
MEANS = ("accuracy", "log_loss", "brier", "mae")
OWN = ["ease", "importance"]


def next_work(
    counts: Counts, measure: str = "", reference: Counts | Mapping[str, float] | float | None = None
) -> pd.DataFrame:
    """Each slice that was counted, with what the whole would gain if it were as good as a reference.

    Parameters
    ----------
    measure : `accuracy`, `log_loss` or `brier`; of regression `mae`. By default `accuracy`, or `mae`.
    reference : what could be reached. A number for all slices, or numbers by slice ("sex Female", as the
        table calls it; "" for all others), such as the human level, an estimate of the Bayes error; the
        counts of another model on the same columns, such as an older one, one that answers with the majority
        class, or no change. None: what is reached on all rows, below which some slices lie by chance alone.

    Returns
    -------
    A row for each slice of at least 10 rows: category, rows, share (of the weight), value with value_low and
    value_high (95%, each by itself), reference, gap (how much worse the value is), gain = share x gap (what
    the figure of all rows moves by if the gap is closed, 0 where there is none), ease and importance (NaN:
    yours to fill, see `prioritised`); largest gain first. Slices of several columns overlap: their gains do
    not add up.

    Raises InvalidParameter for a measure that is no mean over rows, DataError for a reference that fits no
    slice.
    """
    task, slices = counts.counting.task, counts.slices
    known = ["mae"] if task.kind == "regression" else [name for name in MEANS if name != "mae"]
    measure = measure or known[0]
    if measure not in known:
        raise InvalidParameter("measure", f"one of {', '.join(known)} of a {task.kind} task", measure)
    found, whole, names = _figure(counts, measure), Whole.of(slices), _names(counts)
    reached = _reference(counts, measure, reference, names, float(found.value[0]))
    gap = (found.value - reached) if measure in LOWER_IS_BETTER else (reached - found.value)
    share = whole.weight / whole.weight[0]
    table = pd.DataFrame(
        {
            "category": names,
            "rows": whole.rows,
            "share": share,
            "value": found.value,
            "value_low": found.low,
            "value_high": found.high,
            "reference": reached,
            "gap": gap,
            "gain": share * gap.clip(0),
            **dict.fromkeys(OWN, np.nan),
        }
    )
    shown = (whole.rows >= LEAST_ROWS) & (whole.weight > 0) & [bool(cut) for cut in slices.cuts]
    return table[shown].sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def prioritised(table: pd.DataFrame) -> pd.DataFrame:
    """A `next_work` table whose ease and importance somebody filled, most rewarding first.

    Returns the table with the column priority, gain x ease x importance, and sorted by it. Ease and
    importance are numbers > 0 on any scale, such as 1 to 5, the higher the easier or the more important; an
    empty one counts as the middle of its column, or as 1 where all are empty.

    Raises DataError for other values, or a table that lacks a column.
    """
    priority = pd.to_numeric(_column(table, "gain"))
    for name in OWN:
        numbers = pd.to_numeric(_column(table, name), errors="coerce")
        wrong = table[name][(numbers.isna() & table[name].notna()) | (numbers <= 0) | np.isinf(numbers)]
        if len(wrong):
            raise DataError(f"{name} must hold numbers > 0, or nothing, got {wrong.iloc[0]!r}")
        priority = priority * numbers.fillna(numbers.median() if numbers.notna().any() else 1.0)
    found = table.assign(priority=priority)
    return found.sort_values("priority", ascending=False, kind="stable", ignore_index=True)


def _figure(counts: Counts, measure: str) -> Figure:
    counting, slices = counts.counting, counts.slices
    if counting.task.kind == "regression":
        return regression.figures(slices)[measure]
    if counting.task.kind == "multiclass":
        return classes.accuracy(slices) if measure == "accuracy" else classes.losses(slices)[measure]
    if measure == "accuracy":
        return binary.rates(slices, counting.scale, 0.5)[measure]
    return binary.losses(slices, counting.scale)[measure][0]


def _names(counts: Counts) -> list[str]:
    return [told(cut) for cut in counts.slices.cuts]


def _reference(
    counts: Counts,
    measure: str,
    reference: Counts | Mapping[str, float] | float | None,
    names: list[str],
    overall: float,
) -> np.ndarray:
    """What could be reached in each slice, NaN where nobody says."""
    if reference is None:
        return np.full(len(names), overall)
    if isinstance(reference, Counts):
        if reference.counting.task != counts.counting.task:
            raise DataError("the reference must be counts of the same task")
        theirs = dict(zip(_names(reference), _figure(reference, measure).value, strict=True))
        if lost := [name for name in names if name not in theirs]:
            raise DataError(
                f"the reference has no rows of {lost[0]!r}: count the same rows by the same columns"
            )
        return np.array([theirs[name] for name in names])
    if not isinstance(reference, Mapping):
        reference = {"": float(reference)}
    for name, value in reference.items():
        if name and name not in names:
            raise DataError(
                f"the reference names {name!r}, which was not counted: {did_you_mean(name, names[1:])}"
            )
        # Losses and errors have no upper end.
        if not (0 <= value < np.inf and (measure != "accuracy" or value <= 1)):
            rule = f"finite and {'a share from 0 to 1' if measure == 'accuracy' else '>= 0'}"
            raise DataError(f"the reference must be {rule}, got {value} for {name or 'all slices'!r}")
    return np.array([reference.get(name, reference.get("", np.nan)) for name in names], np.float64)


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        raise DataError(f"the table lacks the column {name!r}: pass one that `next_work` made")
    return table[name]

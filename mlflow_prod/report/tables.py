"""How tables of figures are read: a figure is a column with `_low` and `_high` beside it."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from mlflow_prod.errors import InvalidParameter, did_you_mean

# Of each task the figures that are looked at first.
PREFERRED = (
    "accuracy",
    "auc",
    "balanced_accuracy",
    "f1",
    "macro_f1",
    "ece",
    "mae",
    "rmse",
    "r2",
    "mean_error",
    "ndcg",
    "map",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "positive_rate",
    "log_loss",
    "brier",
    "pr_auc",
)
# Slices of fewer rows would speak of persons.
LEAST_ROWS = 10
# Of a figure its value and its interval.
ENDS = ("", "_low", "_high")


def figures_of(table: pd.DataFrame) -> list[str]:
    """The figures that a table holds, those first that are looked at first."""
    held = set(table.columns)
    found = [name for name in held if {f"{name}_low", f"{name}_high"} <= held]
    found.sort(key=list(table.columns).index)
    return sorted(found, key=lambda name: PREFERRED.index(name) if name in PREFERRED else len(PREFERRED))


def cut_by(slices: pd.DataFrame) -> list[str]:
    """The columns that slices are cut by: those before `rows`."""
    hold_columns("slices", slices, ["rows"])
    return [str(name) for name in slices.columns[: list(slices.columns).index("rows")]]


def thresholds_of(table: pd.DataFrame, name: str) -> dict[float, str]:
    """The thresholds that figure `name` was taken at, ascending, each with its column; none for one alone."""
    start = f"{name}_at_"
    ends = {column: column.removeprefix(start) for column in figures_of(table) if column.startswith(start)}
    return dict(sorted((float(end), column) for column, end in ends.items()))


def at_threshold(table: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The table with figures at one threshold, without its name; as it is where it tells no thresholds.

    Raises InvalidParameter for a threshold that the figures were not taken at.
    """
    said = [column for column in table.columns if "_at_" in str(column)]
    if not said:
        return table
    end = f"_at_{threshold:g}"
    kept = {
        column: column.replace(end, "")
        for column in said
        if column.endswith(end) or column.removesuffix("_low").removesuffix("_high").endswith(end)
    }
    if not kept:
        known = sorted(
            {found for name in figures_of(table) if (found := name.partition("_at_")[2])}, key=float
        )
        raise InvalidParameter("threshold", f"one of {', '.join(known)}", threshold)
    return table.drop(columns=[column for column in said if column not in kept]).rename(columns=kept)


def names_of(slices: pd.DataFrame) -> list[str]:
    """What each slice is called: `sex Female, age 25 to 34`; `all rows` where it is cut by nothing."""
    columns = cut_by(slices)
    values = zip(*(slices[column] for column in columns), strict=True) if columns else [()] * len(slices)
    return [
        ", ".join(f"{column} {value}" for column, value in zip(columns, row, strict=True) if pd.notna(value))
        or "all rows"
        for row in values
    ]


def ends_of(row: "pd.Series[Any]", name: str) -> tuple[float, float, float]:
    """A figure's value and the ends of its interval."""
    value, low, high = (float(row[f"{name}{end}"]) for end in ENDS)
    return value, low, high


def of_column(slices: pd.DataFrame, column: str) -> pd.DataFrame:
    """The slices that are cut by `column` alone."""
    others = [name for name in cut_by(slices) if name != column]
    return slices[slices[column].notna() & slices[others].isna().all(axis=1)]


def hold_columns(name: str, table: pd.DataFrame, needed: Iterable[str]) -> None:
    """Raises InvalidParameter where a table lacks a column that is drawn."""
    for column in needed:
        if column not in table.columns:
            hint = did_you_mean(column, [str(held) for held in table.columns])
            raise InvalidParameter(name, f"a table with the column {column!r} ({hint})", list(table.columns))

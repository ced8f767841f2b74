"""Curves with their 95% bands, as both the plots and the page draw them."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mlflow_prod.report import tables


@dataclass(frozen=True)
class Curve:
    """A line through (x, y), each (n,), with a band from `low` to `high`: (n,), or empty without one."""

    name: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray = field(default_factory=lambda: np.empty(0))
    high: np.ndarray = field(default_factory=lambda: np.empty(0))


# Of more lines one can be told from another no longer.
MOST_GROUPS = 6
# Rates of groups that are drawn at every threshold, and the notion of fairness that compares them.
NOTIONS = {
    "positive_rate": "demographic parity",
    "true_positive_rate": "equal opportunity",
    "false_positive_rate": "equalized odds",
    "precision": "predictive parity",
}


def rates_by_threshold(slices: pd.DataFrame, column: str, name: str) -> list[Curve]:
    """Of each group of a column figure `name` at every threshold: up to six groups, those with most rows.

    Groups of fewer than 10 rows are left out. [] where `slices` is not cut by the column, or was not taken at
    several thresholds.
    """
    taken = tables.thresholds_of(slices, name)
    if len(taken) < 2 or column not in tables.cut_by(slices):
        return []
    groups = tables.of_column(slices, column)
    groups = groups[groups["rows"] >= tables.LEAST_ROWS]
    # In their own order, so that a group has one colour in all charts.
    groups = groups.loc[groups["rows"].nlargest(MOST_GROUPS).index.sort_values()]
    places = np.array(list(taken))
    ends = [groups[[f"{at}{end}" for at in taken.values()]].to_numpy(np.float64) for end in tables.ENDS]
    return [
        Curve(str(group), places, *(end[row] for end in ends)) for row, group in enumerate(groups[column])
    ]


def gap_by_threshold(parity: pd.DataFrame, column: str, notion: str) -> Curve | None:
    """The largest difference between a column's groups at every threshold, by one notion of fairness.

    None where `parity` does not hold it at several.
    """
    of = parity[(parity["column"].astype(str) == column) & (parity["notion"] == notion)]
    of = of[of["threshold"].notna() & of["difference"].notna()]
    of = of.sort_values("threshold")
    if of["threshold"].nunique() < 2:
        return None
    ends = (of[f"difference{end}"].to_numpy(np.float64) for end in tables.ENDS)
    return Curve("largest difference", of["threshold"].to_numpy(np.float64), *ends)


def reliability(table: pd.DataFrame, name: str) -> Curve:
    """What was predicted, and what came true, of one slice of a table of `evaluate.reliability`."""
    of = table[table["slice"].astype(str) == name].sort_values("said")
    return Curve(name, *(of[column].to_numpy(np.float64) for column in ("said", "observed", "low", "high")))


def reliable_slices(table: pd.DataFrame, column: str) -> list[str]:
    """The slices of a column in a table of `evaluate.reliability`: up to six, those with most rows."""
    rows = table.groupby(table["slice"].astype(str), sort=False)["rows"].sum()
    of = rows[[name for name in rows.index if name.startswith(f"{column} ")]]
    largest = set(of.nlargest(MOST_GROUPS).index)
    return [name for name in of.index if name in largest]


def over_time(table: pd.DataFrame, name: str) -> Curve:
    """Figure `name` of each window, which are numbered from 0."""
    ends = (table[f"{name}{end}"].to_numpy(np.float64) for end in tables.ENDS)
    return Curve(name, np.arange(len(table), dtype=np.float64), *ends)

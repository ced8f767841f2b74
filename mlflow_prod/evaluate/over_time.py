"""Figures over time."""

import pandas as pd

from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.slices import slices
from mlflow_prod.profile.levels import MISSING


def over_time(counts: Counts, column: str = "") -> pd.DataFrame:
    """Figures of each window of a `Windows` cut, in the order of time.

    `column`: the cut's; may be left out where rows were cut by nothing else. Returns `window`, its start as
    text, and what `slices` has of it: `rows`, `n`, and figures with their 95% intervals, each by itself: of
    twenty windows about one lies outside by chance. Windows without rows are not there; rows without a time
    come last, as the window `missing`. Raises InvalidParameter for a column that was not counted, or has more
    windows than are counted (4,096).
    """
    columns = counts.counting.columns
    name = columns[0] if len(columns) == 1 and not column else column
    if name not in columns:
        raise InvalidParameter("column", f"one that rows were cut by ({did_you_mean(name, columns)})", column)
    if (name,) in counts.cells.left_out:
        raise InvalidParameter("column", "cut into at most 4,096 windows: take longer ones", name)
    found = slices(counts)
    others = [one for one in columns if one != name]
    found = found[found[name].notna() & found[others].isna().all(axis=1)].drop(columns=others)
    found = found.rename(columns={name: "window"})
    # Numbers, which windows of numbers start with, come in another order as texts.
    starts = pd.to_numeric(found["window"].replace(MISSING, "inf"), errors="coerce")
    key = starts if starts.notna().all() else found["window"]
    # ISO text sorts as its times do, and before a word.
    return found.loc[key.sort_values(kind="stable").index].reset_index(drop=True)

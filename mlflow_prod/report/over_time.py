"""Figures by window of time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.report import curves, style, tables, words

PANELS, MOST_WINDOWS, NAMED = 3, 400, 8


def over_time(table: pd.DataFrame, whole: "pd.Series[Any]", names: Sequence[str] = ()) -> Any:
    """A matplotlib Figure with a panel for each figure in `names`: its line, its band, and that of all rows.

    `table` as `evaluate.over_time` makes it; `whole` the row of all rows of `evaluate.slices`. Without
    `names` up to three of the usual figures. Of more than 400 windows the newest are drawn. Raises
    InvalidParameter for a table without rows, and for a name that it does not hold.
    """
    known = tables.figures_of(table)
    for name in names:
        if name not in known:
            raise InvalidParameter("names", f"figures of the table ({did_you_mean(name, known)})", name)
    shown = list(names) or [name for name in known if table[name].notna().any()][:PANELS]
    if not len(table) or not shown:
        raise InvalidParameter("table", "one with windows and figures", list(table.columns))
    newest = table.tail(MOST_WINDOWS)
    drawn = style.figure(9.0, 1.2 + 2.1 * len(shown))
    for axes, name in zip(
        drawn.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0], shown, strict=True
    ):
        if name in whole and np.isfinite(float(whole[name])):
            axes.axhline(float(whole[name]), color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)))
        style.curves(axes, [curves.over_time(newest, name)], legend=False)
        axes.set_title(words.title(name), size=style.NORMAL, color=style.INK, loc="left")
        style.plain(axes, grid="y")
        axes.locator_params(axis="y", nbins=5)
    every = -(-len(newest) // NAMED)
    labels = [style.shortened(str(window), 16) for window in newest["window"]]
    axes.set_xticks(range(0, len(newest), every), labels[::every])
    size = f"{int(newest['rows'].sum()):,} rows in {words.plural(len(newest), 'window')}"
    note = f"{size}; 95% intervals, each by itself; dashed: all rows"
    style.headline(drawn, "How good the model is over time", note)
    return drawn

"""The slices where the model does worse than elsewhere."""

from typing import Any

import pandas as pd

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style, tables, words

ROWS, LEVEL = 20, 0.05


def worst(table: pd.DataFrame, name: str = "error") -> Any:
    """A matplotlib Figure: figure `name` of each slice with its interval, beside that of all other rows.

    `table` as `evaluate.worst` makes it; its first 20 rows are drawn, orange where the adjusted p value is
    below 0.05. InvalidParameter where it has no rows.
    """
    tables.hold_columns("table", table, ["slice", "rows", "value", "low", "high", "rest", "adjusted"])
    if not len(table):
        raise InvalidParameter("table", "one with slices", "none")
    shown = table.head(ROWS)
    drawn = style.figure(8.2, 1.6 + 0.32 * len(shown))
    axes = drawn.subplots()
    for at, (_, row) in enumerate(shown.iterrows()):
        color = style.ORANGE if row["adjusted"] < LEVEL else style.BLUE
        axes.plot([row["low"], row["high"]], [at, at], color=color, linewidth=2.2, solid_capstyle="round")
        axes.plot(row["value"], at, "o", color=color, markersize=6, markeredgecolor="white", zorder=3)
        axes.plot([row["rest"]] * 2, [at - 0.3, at + 0.3], color=style.INK, linewidth=1.4, zorder=2)
    labels = [
        f"{style.shortened(str(row['slice']), 40)} ({int(row['rows']):,})" for _, row in shown.iterrows()
    ]
    axes.set_yticks(range(len(shown)), labels)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel(style.words(name), size=style.SMALL, color=style.FAINT)
    style.plain(axes)
    sure = int((table["adjusted"] < LEVEL).sum())
    title = (
        f"{words.plural(sure, 'slice')} worse than the rest"
        if sure
        else "No slice is surely worse than the rest"
    )
    note = "95% intervals and rows; upright: all other rows; orange: beyond chance, among all that were tried"
    style.headline(drawn, title, note)
    return drawn

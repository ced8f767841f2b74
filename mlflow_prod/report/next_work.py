"""Where there is most to gain."""

from typing import Any

import pandas as pd

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style, tables

ROWS = 20


def next_work(table: pd.DataFrame) -> Any:
    """A matplotlib Figure: what the figure of all rows would gain if a slice came up to its reference.

    `table` as `evaluate.next_work` makes it; the first 20 slices with something to gain are drawn.
    InvalidParameter where there is none.
    """
    tables.hold_columns("table", table, ["category", "rows", "share", "gap", "gain"])
    shown = table[table["gain"] > 0].head(ROWS)
    if not len(shown):
        raise InvalidParameter(
            "table", "one with a slice that falls short of its reference", f"{len(table)} rows"
        )
    drawn = style.figure(8.2, 1.6 + 0.32 * len(shown))
    axes = drawn.subplots()
    axes.barh(range(len(shown)), shown["gain"], height=0.6, color=style.BLUE)
    for at, (_, row) in enumerate(shown.iterrows()):
        told = f"{row['share']:.1%} of the rows x {row['gap']:.3g}"
        axes.annotate(
            told,
            (row["gain"], at),
            (5, 0),
            textcoords="offset points",
            va="center",
            size=style.SMALL,
            color=style.FAINT,
        )
    axes.set_yticks(range(len(shown)), [style.shortened(str(name), 40) for name in shown["category"]])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 1.35 * float(shown["gain"].max()))
    axes.set_xlabel(
        "possible gain: share of the rows x gap to the reference", size=style.SMALL, color=style.FAINT
    )
    style.plain(axes)
    axes.locator_params(axis="x", nbins=5)
    style.headline(drawn, "What to work on next", "slices overlap, so gains do not add")
    return drawn

"""Do the probabilities mean what they say?"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style, tables
from mlflow_prod.report.curves import Curve, reliability, reliable_slices

MOST_PANELS = 3


def calibration(table: pd.DataFrame, columns: Sequence[str] = ()) -> Any:
    """A matplotlib Figure: predicted against observed share of positives, and a panel for each of `columns`.

    `table` as `evaluate.reliability` makes it, with at least one row (else InvalidParameter): points of
    nearly as many rows each, of all rows and of the slices of columns. Of many columns the first two are
    drawn, of many groups those with most rows.
    """
    tables.hold_columns("table", table, ["slice", "said", "observed", "low", "high", "rows"])
    if not len(table):
        raise InvalidParameter("table", "one with rows: 10 rows of data make one", "none")
    whole = str(table["slice"].iloc[0])
    by_column = {column: reliable_slices(table, column) for column in columns}
    panels = {"": [whole]} | {column: of for column, of in by_column.items() if of}
    shown = dict(list(panels.items())[:MOST_PANELS])
    drawn = style.figure(5.4 * len(shown), 5.9)
    for axes, (column, of) in zip(
        drawn.subplots(1, len(shown), squeeze=False)[0], shown.items(), strict=True
    ):
        axes.plot([0, 1], [0, 1], color=style.FAINT, linewidth=1, linestyle=(0, (4, 3)))
        curves = [reliability(table, name) for name in of]
        if column:
            style.curves(axes, [Curve(one.name.removeprefix(f"{column} "), one.x, one.y) for one in curves])
            axes.set_title(style.shortened(f"by {column}"), size=style.NORMAL, color=style.INK, loc="left")
        else:
            style.curves(axes, curves)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set_xlabel("predicted probability", size=style.SMALL, color=style.FAINT)
        axes.set_ylabel("observed share of positives", size=style.SMALL, color=style.FAINT)
        style.plain(axes, grid="both")
    first = table[table["slice"].astype(str) == whole]
    note = (
        f"{int(first['rows'].sum()):,} rows, {len(first)} points of nearly as many rows each, 95% intervals; "
    )
    style.headline(drawn, "Do the probabilities mean what they say?", f"{note}dashed: exact")
    return drawn

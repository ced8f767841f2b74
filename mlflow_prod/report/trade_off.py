"""What evening out groups costs."""

from typing import Any

import pandas as pd

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style, tables


def trade_off(curve: pd.DataFrame, *, margin: float = 0.1) -> Any:
    """A matplotlib Figure: accuracy against the gap between groups, a point for each choice of thresholds.

    `curve` has the columns `accuracy` and `gap`, both shares. InvalidParameter where it has none, or no rows.
    """
    tables.hold_columns("curve", curve, ["accuracy", "gap"])
    if not len(curve):
        raise InvalidParameter("curve", "one with points", "none")
    of = curve.sort_values("gap")
    drawn = style.figure(6.4, 4.8)
    axes = drawn.subplots()
    axes.axvline(margin, color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)))
    axes.plot(
        of["gap"],
        of["accuracy"],
        "o-",
        color=style.BLUE,
        markersize=6,
        markeredgecolor="white",
        linewidth=1.4,
    )
    axes.set_xlim(left=min(0.0, float(of["gap"].min())) - 0.005)
    axes.set_xlabel("gap between groups", size=style.SMALL, color=style.FAINT)
    axes.set_ylabel("accuracy", size=style.SMALL, color=style.FAINT)
    style.plain(axes, grid="both")
    note = f"each point is one choice of a threshold for each group; dashed: the margin of {margin:g}"
    style.headline(drawn, "What evening out groups costs", note)
    return drawn

"""How differently groups are treated at each threshold that one could choose."""

from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style
from mlflow_prod.report.curves import NOTIONS, gap_by_threshold, rates_by_threshold


def thresholds(
    slices: pd.DataFrame, parity: pd.DataFrame, column: str, *, threshold: float = 0.5, margin: float = 0.1
) -> Any:
    """A matplotlib Figure: each group's rates against the threshold, and below their largest difference.

    `slices` and `parity` as `evaluate` makes them of counts at several thresholds. Of the differences the
    interval and the margin are drawn, and the threshold in use. Up to six groups are drawn, those with
    most rows. Raises InvalidParameter for a column, or a table, without rates at several thresholds.
    """
    rates = {name: of for name in NOTIONS if (of := rates_by_threshold(slices, column, name))}
    if not rates:
        raise InvalidParameter("column", "one that was counted at several thresholds", column)
    gaps = {name: gap_by_threshold(parity, column, NOTIONS[name]) for name in rates}
    drawn = style.figure(3.3 * len(rates) + 0.6, 6.4)
    axes = drawn.subplots(2, len(rates), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 2])
    for at, (name, of) in enumerate(rates.items()):
        above, below = axes[:, at]
        style.curves(above, of, legend=not at)
        above.set_title(style.words(name), size=style.NORMAL, color=style.INK, loc="left")
        above.set_ylim(-0.02, 1.02)
        below.axhline(margin, color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)))
        gap = gaps[name]
        if gap is not None:
            style.curves(below, [gap], legend=False)
        else:
            below.text(0.5, margin / 2, "not compared", size=style.SMALL, color=style.FAINT, ha="center")
        below.set_title(NOTIONS[name], size=style.SMALL, color=style.INK, loc="left")
        below.set_xlabel("threshold", size=style.SMALL, color=style.FAINT)
        for one in (above, below):
            one.axvline(threshold, color=style.FAINT, linewidth=0.9, linestyle=(0, (2, 3)))
            style.plain(one, grid="y")
    highest = [np.nanmax([*gap.y, *gap.high]) for gap in gaps.values() if gap is not None]
    axes[1, 0].set_ylim(0, max(1.3 * margin, *highest, 0.0) * 1.05)
    axes[0, 0].set_ylabel("rate of each group", size=style.SMALL, color=style.FAINT)
    axes[1, 0].set_ylabel("largest difference", size=style.SMALL, color=style.FAINT)
    note = (
        f"up to six groups; 95% intervals; dashed: the margin of {margin:g} and the threshold, {threshold:g}"
    )
    style.headline(drawn, f"Groups of {style.shortened(column)} at other thresholds", note)
    return drawn

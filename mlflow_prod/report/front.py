"""Small models side by side: what each loses, weighs and takes."""

from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style, tables

# What stands on the horizontal axis of each panel, in the unit of its name, and what that is divided by.
PANELS = {
    "bytes": ("file, kB", 1e3),
    "gzip_bytes": ("file packed by gzip, kB", 1e3),
    "latency": ("latency of one row, ms", 1.0),
}
# Shares of a panel: how far from its point a number stands, and how near two may come, across and up.
BESIDE, NEAR, APART = 0.04, 0.06, 0.05
# Heights that are tried for a number, in halves of the latter, the nearest first.
STEPS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8, 10, -10)


def front(table: pd.DataFrame, tolerance: float, *, measure: str = "accuracy") -> Any:
    """A matplotlib Figure: the loss of each recipe against its size, raw and packed, and its latency.

    Bars are the losses' 95% intervals, and the dashed line what may be lost: a recipe is tolerable where its
    whole bar lies at or below it. The line joins what no other beats on a panel's two axes; hollow points are
    beaten in everything.

    Parameters
    ----------
    table : a row for each recipe, as `compress.front_table` gives them: `recipe`, `loss`, `loss_low`,
        `loss_high`, `bytes`, `gzip_bytes`, `latency`, `on_front`, `chosen`.
    tolerance : in the unit of the losses.
    measure : what is lost, as the axis says.

    Raises InvalidParameter for a table without rows or one of these columns, and sizes that are not above 0.
    """
    ends = ["loss", "loss_low", "loss_high"]
    tables.hold_columns("table", table, ["recipe", *ends, *PANELS, "on_front", "chosen"])
    if not len(table):
        raise InvalidParameter("table", "one with recipes", "none")
    for name in PANELS:
        if not table[name].min() > 0:
            raise InvalidParameter(f"table: {name}", "> 0", table[name].min())
    drawn = style.figure(13.2, 1.4 + max(4.2, 0.24 * len(table)))
    *panels, key = drawn.subplots(1, len(PANELS) + 1, width_ratios=[1] * len(PANELS) + [0.85])
    bottom, top = min(0.0, table["loss_low"].min()), max(tolerance, table["loss_high"].max())
    pad = 0.06 * ((top - bottom) or 1.0)
    for axes, (name, (label, unit)) in zip(panels, PANELS.items(), strict=True):
        axes.set_ylim(bottom - pad, top + pad)
        _panel(axes, table, (table[name] / unit).to_numpy(), tolerance)
        axes.set_xlabel(label, size=style.SMALL, color=style.FAINT)
        axes.tick_params(labelleft=axes is panels[0])
    panels[0].set_ylabel(
        f"loss of {style.words(measure)}, against the original", size=style.SMALL, color=style.FAINT
    )
    _key(key, table)
    chosen = table.loc[table["chosen"], "recipe"]
    title = f"{chosen.iloc[0]} is chosen" if len(chosen) else "No recipe loses little enough"
    note = (
        "lower and further left is better; bars: 95% intervals of the paired difference; dashed: what may be "
        f"lost ({tolerance:g}); line: what none beats on the two axes; hollow: beaten in everything"
    )
    style.headline(drawn, title, note)
    return drawn


def _panel(axes: Any, table: pd.DataFrame, costs: np.ndarray, tolerance: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(costs.min() / 1.35, costs.max() * 1.6)
    losses = table["loss"].to_numpy()
    axes.axhline(tolerance, color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)))
    axes.vlines(costs, table["loss_low"], table["loss_high"], color=style.PALE, linewidth=2.4, zorder=1)
    order = np.lexsort((losses, costs))
    best = order[losses[order] < np.concatenate(([np.inf], np.minimum.accumulate(losses[order])[:-1]))]
    axes.plot(costs[best], losses[best], color=style.BLUE, linewidth=1.2, zorder=2)
    for at, (on_front, chosen) in enumerate(zip(table["on_front"], table["chosen"], strict=True)):
        color = style.ORANGE if chosen else style.BLUE
        face = color if on_front or chosen else style.PAPER
        axes.scatter(costs[at], losses[at], s=70 if chosen else 34, color=face, edgecolors=color, zorder=3)
    _number(axes, costs, losses, table["chosen"].to_numpy())
    style.plain(axes, grid="both")
    axes.tick_params(which="minor", length=0, labelsize=style.SMALL - 1, labelcolor=style.FAINT)
    _plain_numbers(axes.xaxis, costs)


def _plain_numbers(axis: Any, costs: np.ndarray) -> None:
    """Ticks at round numbers that are written out, a few of them however wide the range is."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    wide = costs.max() / costs.min() > 30
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,g}"))


def _number(axes: Any, costs: np.ndarray, losses: np.ndarray, chosen: np.ndarray) -> None:
    """Numbers the points as the key does: each at the nearest free place beside its point."""
    left, right = np.log(axes.get_xlim())
    bottom, top = axes.get_ylim()
    points = list(
        zip((np.log(costs) - left) / (right - left), (losses - bottom) / (top - bottom), strict=True)
    )
    taken: list[tuple[float, float]] = []
    for at, (x, y) in enumerate(points):
        places = [(x + side, y + step * APART / 2) for step in STEPS for side in (BESIDE, -BESIDE)]
        free = [
            place
            for place in places
            if all(abs(place[0] - a) >= NEAR or abs(place[1] - b) >= APART for a, b in taken)
            and all(abs(place[0] - a) >= NEAR / 2 or abs(place[1] - b) >= APART / 2 for a, b in points)
        ]
        place = (free or places)[0]
        taken.append(place)
        line = {"arrowstyle": "-", "color": style.FAINT, "shrinkA": 0, "shrinkB": 3, "linewidth": 0.6}
        axes.annotate(
            str(at + 1), (costs[at], losses[at]), place, xycoords="data", textcoords="axes fraction",
            size=style.SMALL, color=style.ORANGE if chosen[at] else style.INK, va="center", ha="center",
            weight="bold" if chosen[at] else "normal", zorder=4,
            arrowprops=line if abs(place[1] - y) > APART / 2 else None,
        )  # fmt: skip


def _key(axes: Any, table: pd.DataFrame) -> None:
    axes.set_axis_off()
    for at, (recipe, chosen) in enumerate(zip(table["recipe"], table["chosen"], strict=True)):
        height = 1 - (at + 0.5) / max(len(table), 16)
        for x, side, text in ((0.07, "right", str(at + 1)), (0.11, "left", style.shortened(recipe, 34))):
            axes.text(
                x, height, text, size=style.SMALL, color=style.ORANGE if chosen else style.INK, ha=side,
                va="center", weight="bold" if chosen else "normal", transform=axes.transAxes,
            )  # fmt: skip

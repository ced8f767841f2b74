"""What moves the model's answers: a SHAP summary."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from mlflow_prod.report import style

COLUMNS = 15
MAPS = 10


class Attributed(Protocol):
    """What `explain.Attribution` holds, of which the figure is drawn."""

    @property
    def values(self) -> np.ndarray: ...
    @property
    def rows(self) -> np.ndarray: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def tiles(self) -> tuple[int, int] | None: ...


def attributions(attribution: Attributed, classes: Sequence[str] = ()) -> Any:
    """A matplotlib Figure: mean |SHAP| by column, and each row as a dot coloured by what the column held.

    The 15 most important columns are drawn. Several classes: bars stacked by class, without dots; `classes`
    are their names, numbers where none are given. Images: a map of the tiles, and one for each of up to
    10 classes.
    """
    values = attribution.values
    called = list(classes) or (
        [f"class {code}" for code in range(values.shape[2])] if values.ndim == 3 else []
    )
    if attribution.tiles is not None:
        return _maps(values, attribution.tiles, called)
    size = np.abs(values).mean(axis=0)
    total = size if size.ndim == 1 else size.sum(axis=1)
    order = np.argsort(-total, kind="stable")[:COLUMNS]
    labels = [style.shortened(attribution.names[at]) for at in order]
    note = f"{len(values):,} rows"
    if len(order) < len(total):
        note += f"; the {len(order)} most important of {len(total)} columns"
    dots = values.ndim == 2
    drawn = style.figure(10.5 if dots else 8.2, 1.9 + 0.36 * len(order))
    axes = drawn.subplots(1, 2, sharey=True, width_ratios=[1, 1.7])[0] if dots else drawn.subplots()
    if dots:
        axes.barh(range(len(order)), total[order], height=0.6, color=style.BLUE)
        _dots(drawn, drawn.axes[1], values[:, order], attribution.rows[:, order])
    else:
        _stacked(axes, size[order], called)
    axes.set_yticks(range(len(order)), labels)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlabel("mean |SHAP value|", size=style.SMALL, color=style.FAINT)
    style.plain(axes)
    axes.locator_params(axis="x", nbins=5)
    style.headline(drawn, "What moves the model's answers", note)
    return drawn


def _dots(drawn: Any, axes: Any, values: np.ndarray, rows: np.ndarray) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colors = LinearSegmentedColormap.from_list("", ["#2f6db5", "#b9b4c7", "#d9722b"])
    axes.axvline(0, color=style.FAINT, linewidth=0.8)
    reach = np.abs(values).max() or 1.0
    shown = None
    for at in range(values.shape[1]):
        # Ranks, so that one extreme value does not take all the colour.
        held = rows[:, at]
        ranks = [np.searchsorted(np.sort(held), held, side) for side in ("left", "right")]
        shade = (ranks[0] + ranks[1]) / (2 * len(held))
        shown = axes.scatter(
            values[:, at], at + _swarm(values[:, at] / reach), c=shade, cmap=colors, vmin=0, vmax=1,
            s=13, linewidths=0, alpha=0.85, zorder=2,
        )  # fmt: skip
    axes.set_xlabel("SHAP value: what the column added to each answer", size=style.SMALL, color=style.FAINT)
    style.plain(axes)
    axes.tick_params(labelleft=False)
    bar = drawn.colorbar(shown, ax=axes, ticks=[0.04, 0.96], pad=0.02, aspect=30)
    bar.ax.set_yticklabels(["low", "high"], size=style.SMALL, color=style.FAINT)
    bar.ax.tick_params(length=0)
    bar.set_label("value of the column", size=style.SMALL, color=style.FAINT, labelpad=-12)
    bar.outline.set_visible(False)


def _swarm(values: np.ndarray) -> np.ndarray:
    """Heights in [-0.35, 0.35] that set dots of nearly equal value apart."""
    cell = np.round(values * 60).astype(np.int64)
    order = np.lexsort((values, cell))
    first = np.concatenate(([True], np.diff(cell[order]) > 0))
    start = np.maximum.accumulate(np.where(first, np.arange(len(values)), 0))
    place = np.empty(len(values), np.int64)
    place[order] = np.arange(len(values)) - start
    side = np.where(place % 2 == 1, 1, -1) * ((place + 1) // 2)
    return side * min(0.06, 0.35 / max(1, np.abs(side).max()))


def _stacked(axes: Any, size: np.ndarray, called: Sequence[str]) -> None:
    left = np.zeros(len(size))
    for code in range(size.shape[1]):
        color = style.CLASSES[code % len(style.CLASSES)]
        axes.barh(range(len(size)), size[:, code], left=left, height=0.6, color=color, label=called[code])
        left += size[:, code]
    if size.shape[1] <= len(style.CLASSES):
        axes.legend(frameon=False, fontsize=style.SMALL, loc="lower right", labelcolor=style.INK)


def _maps(values: np.ndarray, tiles: tuple[int, int], called: Sequence[str]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    strength = np.abs(values).mean(axis=0)
    strength = strength if strength.ndim == 1 else strength.mean(axis=1)
    classes = (
        []
        if values.ndim == 2
        else [values[:, :, code].mean(axis=0) for code in range(values.shape[2])][:MAPS]
    )
    one = LinearSegmentedColormap.from_list("", [style.PAPER, style.BLUE])
    two = LinearSegmentedColormap.from_list("", [style.BLUE, style.PAPER, style.ORANGE])
    across = min(5, len(classes))
    drawn = style.figure(4.2 + 1.7 * across, 4.6)
    parts = drawn.subfigures(1, 2, width_ratios=[4, 1.7 * across]) if classes else [drawn]
    axes = parts[0].subplots()
    axes.imshow(strength.reshape(tiles), cmap=one, vmin=0)
    axes.set_title("all answers: mean |SHAP value|", size=style.NORMAL, color=style.INK)
    reach = max((np.abs(found).max() for found in classes), default=0) or 1.0
    small = (
        [] if not classes else parts[1].subplots(-(-len(classes) // across), across, squeeze=False).ravel()
    )
    for code, axis in enumerate(small):
        axis.set_visible(code < len(classes))
        if code < len(classes):
            axis.imshow(classes[code].reshape(tiles), cmap=two, vmin=-reach, vmax=reach)
            axis.set_title(style.shortened(called[code], 16), size=style.SMALL, color=style.INK)
    for axis in [axes, *small]:
        axis.set_xticks([])
        axis.set_yticks([])
        for spine in axis.spines.values():
            spine.set_color(style.GRID)
    note = f"{len(values):,} images cut into {tiles[0]} x {tiles[1]} tiles"
    if classes:
        note += "; for each class, orange tiles speak for it on average, blue ones against"
    style.headline(drawn, "Where the model looks", note)
    return drawn

"""The look that all figures share."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from mlflow_prod.report.curves import Curve

INK, FAINT, GRID, PAPER = "#1f2933", "#66727f", "#e4e8ec", "#ffffff"
BLUE, ORANGE, PALE = "#2f6db5", "#d9722b", "#c9d8ea"
CLASSES = ["#2f6db5", "#d9722b", "#3d9a6c", "#8a5fb0", "#c2475a", "#7a8894", "#c9a227", "#2a9bb0", "#9a6a4b"]
DASHES = ["-", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2))]
SMALL, NORMAL, LARGE = 9, 10, 13


def figure(width: float, height: float) -> Any:
    """An empty matplotlib Figure of `width` x `height` inches, outside pyplot: nothing is left open."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, facecolor=PAPER, layout="constrained")


def headline(drawn: Any, title: str, note: str) -> None:
    """A title, left, and below it what is seen, in as many lines as the width asks for."""
    width, height = drawn.get_size_inches()
    lines = wrap(note, int(width * 14.5))
    drawn.get_layout_engine().set(rect=(0.01, 0.02, 0.98, 0.98 - (0.45 + 0.17 * len(lines)) / height))
    drawn.text(0.15 / width, 1 - 0.10 / height, title, size=LARGE, weight="bold", color=INK, va="top")
    note = "\n".join(lines)
    drawn.text(0.15 / width, 1 - 0.36 / height, note, size=SMALL, color=FAINT, va="top", linespacing=1.3)


def plain(axes: Any, *, grid: str = "x") -> None:
    """Takes away what carries no data; `grid` is `x`, `y` or "" for none."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=INK)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=GRID, linewidth=0.8)


def curves(axes: Any, lines: Sequence[Curve], *, legend: bool = True) -> None:
    """Draws lines with their bands, each in a colour and a dash of its own, and names them where several."""
    for at, line in enumerate(lines):
        color = CLASSES[at % len(CLASSES)]
        if len(line.low):
            axes.fill_between(line.x, line.low, line.high, color=color, alpha=0.15, linewidth=0)
        axes.plot(
            line.x, line.y, marker="o", color=color, linestyle=DASHES[at % len(DASHES)], linewidth=1.6,
            markersize=5, markeredgecolor=PAPER, label=shortened(line.name, 24),
        )  # fmt: skip
    if legend and len(lines) > 1:
        axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK)


def class_axes(axes: Any, classes: Sequence[str]) -> None:
    """Writes the classes along both axes of a matrix of them, long names short, of more than 40 some."""
    k = len(classes)
    labels = [shortened(name, 16) for name in classes]
    steep = 45 if max(map(len, labels)) > 6 and k > 2 else 0
    every = 1 if k <= 40 else k // 20
    axes.set_xticks(range(0, k, every), labels[::every], rotation=steep, ha="right" if steep else "center")
    axes.set_yticks(range(0, k, every), labels[::every])
    plain(axes, grid="")


def shortened(text: str, length: int = 28) -> str:
    """The text, its middle left out where it is longer than `length`, so that both ends stay readable.

    >>> shortened("marital_status Married-civ-spouse", 20)
    'marital_st…iv-spouse'
    """
    if len(text) <= length:
        return text
    kept = length - 1
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def words(name: str) -> str:
    """A measure's name as it reads in a title: `true_positive_rate` is `true positive rate`."""
    return name.replace("_", " ")

"""What mattered to a model before it was made smaller, and after."""

from collections.abc import Mapping
from typing import Any

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style

COLUMNS = 15


def before_and_after(before: Mapping[str, float], after: Mapping[str, float]) -> Any:
    """A matplotlib Figure: the importance of each column to the original model and to the smaller one.

    Both map the same columns, at least one, to mean |SHAP value|, else InvalidParameter; the 15 columns that
    matter most to the original are drawn.
    """
    if not before or set(before) != set(after):
        raise InvalidParameter("after", f"of the columns {', '.join(before) or '(none)'}", sorted(after))
    names = sorted(before, key=lambda name: -before[name])[:COLUMNS]
    drawn = style.figure(7.2, 1.9 + 0.36 * len(names))
    axes = drawn.subplots()
    places = range(len(names))
    ends = [before[name] for name in names], [after[name] for name in names]
    axes.hlines(places, *ends, color=style.PALE, linewidth=3, zorder=1)
    axes.scatter(ends[0], places, s=58, color=style.BLUE, linewidths=0, zorder=2, label="original")
    axes.scatter(ends[1], places, s=20, color=style.ORANGE, linewidths=0, zorder=3, label="smaller model")
    axes.set_yticks(places, [style.shortened(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(left=0, right=1.06 * (max(*ends[0], *ends[1]) or 1.0))
    axes.set_xlabel("mean |SHAP value|", size=style.SMALL, color=style.FAINT)
    axes.legend(frameon=False, fontsize=style.SMALL, labelcolor=style.INK, loc="lower right")
    style.plain(axes)
    note = "the same rows, explained in both models"
    if len(names) < len(before):
        note += f"; the {len(names)} columns of {len(before)} that matter most to the original"
    style.headline(drawn, "What moves the answers, before and after", note)
    return drawn

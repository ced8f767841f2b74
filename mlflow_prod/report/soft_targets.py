"""What a teacher says beside the right answer."""

from typing import Any

import numpy as np

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style

# Numbers in more cells than this would not be readable.
MOST_WRITTEN = 12


def soft_targets(task: Task, answers: np.ndarray, temperature: float) -> Any:
    """A matplotlib Figure: of each true class (a line) the teacher's mean probability for each (a column).

    Colours are those of the wrong classes alone, which the right ones would outshine: these are outlined and
    grey. `answers` (k, k), shares, lines of NaN for classes without rows (`distill.soft_answers`), softened
    by `temperature`. Not for regression: InvalidParameter.
    """
    if task.kind == "regression":
        raise InvalidParameter("task", "binary or multiclass", task.kind)
    k = len(task.classes)
    if np.shape(answers) != (k, k):
        raise InvalidParameter("answers", f"of shape {(k, k)}", np.shape(answers))
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    wrong = np.where(np.eye(k, dtype=bool), np.nan, answers)
    most = float(np.nanmax(wrong)) if np.isfinite(wrong).any() else 1.0
    side = min(11.0, max(4.2, 0.62 * k))
    drawn = style.figure(side + 2.2, side + 1.3)
    axes = drawn.subplots()
    colors = LinearSegmentedColormap.from_list("", [style.PAPER, style.ORANGE])
    shown = axes.imshow(wrong, cmap=colors, vmin=0, vmax=most or 1.0)
    for at in range(k):
        axes.add_patch(Rectangle((at - 0.5, at - 0.5), 1, 1, facecolor=style.GRID, edgecolor=style.PAPER))
    if k <= MOST_WRITTEN:
        for row, column in np.ndindex(k, k):
            if np.isfinite(answers[row, column]):
                share = answers[row, column]
                text = f"{share:.0%}" if share >= 0.0995 else f"{share:.1%}"
                axes.text(column, row, text, ha="center", va="center", size=style.SMALL, color=style.INK)
    style.class_axes(axes, task.classes)
    axes.set_xlabel("the teacher's answer", size=style.NORMAL, color=style.FAINT)
    axes.set_ylabel("true", size=style.NORMAL, color=style.FAINT)
    bar = drawn.colorbar(shown, ax=axes, shrink=0.7, aspect=25, format=lambda share, _: f"{100 * share:.3g}%")
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=style.SMALL, labelcolor=style.INK)
    note = f"mean probability by true class at temperature {temperature:g}; grey: the right class"
    style.headline(drawn, "What the teacher knows beside the right answer", note)
    return drawn

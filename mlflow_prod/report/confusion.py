"""Which classes are taken for which."""

from typing import Any

import numpy as np

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style

# Numbers in more cells than this would not be readable.
MOST_WRITTEN = 15


def confusion(task: Task, target: np.ndarray, scores: np.ndarray) -> Any:
    """A matplotlib Figure: of each true class (a line) the share predicted as each class (a column).

    `target` class codes (n,), `scores` as `Task` says. Not for regression: InvalidParameter.
    """
    if task.kind == "regression":
        raise InvalidParameter("task", "binary or multiclass", task.kind)
    k = len(task.classes)
    scores = np.asarray(scores)
    predicted = scores.argmax(axis=1) if scores.ndim == 2 else (scores >= 0.5).astype(np.int64)
    counts = np.bincount(np.asarray(target, np.int64) * k + predicted, minlength=k * k).reshape(k, k)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    from matplotlib.colors import LinearSegmentedColormap

    side = min(11.0, max(3.0, 0.62 * k))
    drawn = style.figure(side + 2.2, side + 1.2)
    axes = drawn.subplots()
    axes.imshow(shares, cmap=LinearSegmentedColormap.from_list("", [style.PAPER, style.BLUE]), vmin=0, vmax=1)
    if k <= MOST_WRITTEN:
        for row, column in np.ndindex(k, k):
            if counts[row, column]:
                text = f"{shares[row, column]:.0%}" + (f"\n{counts[row, column]:,}" if k <= 6 else "")
                color = style.PAPER if shares[row, column] > 0.55 else style.INK
                axes.text(column, row, text, ha="center", va="center", size=style.SMALL, color=color)
    style.class_axes(axes, task.classes)
    for edge in np.arange(0.5, k - 1):
        axes.axhline(edge, color=style.GRID, linewidth=0.8)
        axes.axvline(edge, color=style.GRID, linewidth=0.8)
    axes.set_xlabel("predicted", size=style.NORMAL, color=style.FAINT)
    axes.set_ylabel("true", size=style.NORMAL, color=style.FAINT)
    style.headline(drawn, "What is taken for what", f"shares of each true class; {len(predicted):,} rows")
    return drawn

"""Two models on the same rows: differences with paired intervals."""

import numpy as np

from mlflow_prod.data.task import Task
from mlflow_prod.evaluate.losses import losses
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.evidence.measure import Measure
from mlflow_prod.stats import mean, paired_auc, paired_proportions


def versus(
    task: Task,
    target: np.ndarray,
    scores: np.ndarray,
    others: np.ndarray,
    against: str,
    weight: np.ndarray | None = None,
) -> list[Measure]:
    """What `scores` have over `others` on the same rows, as measures `against` the other model's digest.

    Classes: `accuracy` (Newcombe's paired interval), `auc` (binary; DeLong's for correlated curves),
    `log_loss` and `brier` (normal interval of the mean difference). Regression: `mae` (the same). A
    difference is this model's figure less the other's; all intervals are 95%. The two answers to one row hang
    together, so that the interval is narrower than that of two samples.

    Raises DataError as `evaluation` does.
    """
    rows, other = Rows.of(task, target, scores, weight), Rows.of(task, target, others, weight)
    found: list[tuple[str, float, float, float]] = []
    if task.kind == "regression":
        gap = np.abs(rows.scores - rows.target) - np.abs(other.scores - other.target)
        found.append(("mae", *mean(gap, rows.weight)))
    else:
        hits = (rows.predicted == rows.target, other.predicted == other.target)
        found.append(("accuracy", *paired_proportions(*hits, rows.weight)))
        if task.kind == "binary":
            carried = np.ones(len(rows.target), bool) if rows.weight is None else rows.weight > 0
            positive = rows.target[carried] == 1
            if min(positive.sum(), (~positive).sum()) >= 2:
                mass = None if rows.weight is None else rows.weight[carried]
                found.append(
                    ("auc", *paired_auc(positive, rows.scores[carried], other.scores[carried], mass))
                )
        for name, gap in zip(("log_loss", "brier"), losses(rows) - losses(other), strict=True):
            found.append((name, *mean(gap, rows.weight)))
    return [
        Measure(name, value, *_known(low, high), n=rows.n, against=against)
        for name, value, low, high in found
    ]


def _known(low: float, high: float) -> tuple[float | None, float | None]:
    return (float(low), float(high)) if np.isfinite(low) and np.isfinite(high) else (None, None)

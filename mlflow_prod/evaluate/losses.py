"""What each row costs a classifier."""

import numpy as np

from mlflow_prod.evaluate.rows import Rows

# Networks answer in float32: nearer to 0 or 1 than this they cannot say.
NEAREST = float(np.finfo(np.float32).eps)


def log_losses(rows: Rows) -> np.ndarray:
    """Shape (n,): minus the logarithm of the probability given to the row's class, at least 1.2e-7."""
    return -np.log(_given(rows).clip(NEAREST, 1))


def brier_scores(rows: Rows) -> np.ndarray:
    """Shape (n,): squared error of the probabilities; multiclass: summed over classes."""
    if rows.scores.ndim == 1:
        return np.square(1 - _given(rows))
    return np.square(rows.scores).sum(axis=1) + 1 - 2 * _given(rows)


def _given(rows: Rows) -> np.ndarray:
    if rows.scores.ndim == 1:
        return np.where(rows.target == 1, rows.scores, 1 - rows.scores)
    return rows.scores[np.arange(len(rows.target)), rows.target]

"""What each row costs a classifier."""

import numpy as np

from mlflow_prod.evaluate.rows import Rows

# Networks answer in float32: nearer to 0 or 1 than this they cannot say.
NEAREST = float(np.finfo(np.float32).eps)


def losses(rows: Rows) -> np.ndarray:
    """Shape (2, n): log loss and Brier score of each row of a classifier.

    Minus the logarithm of the probability given to the row's class, at least 1.2e-7, and the squared error of
    the probabilities; multiclass: summed over classes.
    """
    if rows.scores.ndim == 1:
        missed = np.abs(rows.target - rows.scores)
        return np.stack([-np.log((1 - missed).clip(NEAREST, 1)), np.square(missed)])
    given = rows.scores[np.arange(len(rows.target)), rows.target]
    brier = np.square(rows.scores).sum(axis=1) + 1 - 2 * given
    return np.stack([-np.log(given.clip(NEAREST, 1)), brier])

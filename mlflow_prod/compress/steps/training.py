"""The rows that steps train on, and how."""

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np

from mlflow_prod.data.task import Kind
from mlflow_prod.errors import InvalidParameter


@dataclass(frozen=True, eq=False)
class Training:
    """Rows to train on, and how long and fast; the same for every step of a recipe.

    Parameters
    ----------
    inputs : encoded rows, float32, shape (n, ...), finite, as the network takes them.
    target : int64 class codes or float64, shape (n,).
    kind : of the task, which decides the loss: binary and multiclass cross-entropy, squared error.
    validation : (inputs, target) of rows that choose the best epoch; without them the last one counts.
    weight : float64, shape (n,), >= 0; only ratios count.
    epochs : passes over the rows of each step, >= 1.
    batch_size : rows in a training step, >= 1.
    learning_rate : of Adam, > 0. The network is trained already, so smaller than what that took.
    seed : of the order of the rows and of dropout, >= 0.
    progress : a bar over the epochs on stderr.

    Raises
    ------
    InvalidParameter : a number breaks its rule. The rows are checked against the network they are to train.
    """

    inputs: np.ndarray
    target: np.ndarray
    kind: Kind
    validation: tuple[np.ndarray, np.ndarray] | None = None
    weight: np.ndarray | None = None
    epochs: int = 4
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0
    progress: bool = True

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InvalidParameter("kind", f"one of {', '.join(get_args(Kind))}", self.kind)
        for name, least in {"epochs": 1, "batch_size": 1, "seed": 0}.items():
            if not (value := getattr(self, name)) >= least:
                raise InvalidParameter(name, f">= {least}", value)
        if not 0 < self.learning_rate < math.inf:
            raise InvalidParameter("learning_rate", "a number > 0", self.learning_rate)

    @property
    def batches(self) -> int:
        """Training steps in an epoch, at least 1."""
        return max(1, -(-len(self.inputs) // self.batch_size))

"""What every model of ours does."""

from typing import Protocol, runtime_checkable

import numpy as np

from mlflow_prod.data import Features, Task
from mlflow_prod.encoder import Encoder


@runtime_checkable
class Predictor(Protocol):
    """A model that knows what its inputs and outputs mean."""

    encoder: Encoder
    task: Task

    def score(self, encoded: np.ndarray) -> np.ndarray:
        """Scores of encoded rows, float32 (n, *encoder.shape), after `Task`'s convention, in batches."""

    def predict(self, features: Features) -> np.ndarray:
        """Scores of raw rows: `score` of what the encoder makes of them."""

"""The network that the scripts train."""

from typing import TYPE_CHECKING

from mlflow_prod.data import Dataset
from mlflow_prod.encoder import Encoder
from mlflow_prod.models import build

if TYPE_CHECKING:
    import keras


def scale_of(dataset: Dataset) -> tuple[float, float]:
    """Mean and standard deviation of the training rows' target; (0, 1) for classes."""
    if dataset.task.kind != "regression":
        return 0.0, 1.0
    target = dataset.train.target
    return float(target.mean()), float(target.std())


def network_for(
    dataset: Dataset,
    encoder: Encoder,
    *,
    units: str,
    dropout: float = 0.0,
    learning_rate: float = 1e-3,
    seed: int,
) -> "keras.Model":
    """An untrained network of the encoder's shape for the data's task."""
    mean, spread = scale_of(dataset)
    return build(
        encoder.shape,
        dataset.task,
        units=units,
        dropout=dropout,
        learning_rate=learning_rate,
        seed=seed,
        target_mean=mean,
        target_spread=spread,
    )


def batch_for(dataset: Dataset, batch_size: int) -> int:
    """`batch_size`, or where it is 0 a fiftieth of the training rows, from 16 to 256."""
    return batch_size or min(256, max(16, len(dataset.train) // 50))

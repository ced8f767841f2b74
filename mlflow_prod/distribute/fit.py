"""Builds and fits a network under a distribution strategy, and measures the pace."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlflow_prod.distribute.strategies import strategy as make_strategy
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.train import History
from mlflow_prod.train import fit as fit_network

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Distributed:
    """A network trained under a strategy, and how fast.

    Parameters
    ----------
    network : the trained network.
    history : as of `train.fit`.
    replicas : devices that held a copy.
    global_batch : rows in a step, over all replicas.
    learning_rate : that the steps took.
    rows_per_second : training rows, without the first epoch where there are several: it is slower.
    step_seconds : mean time of a step, over the same epochs, validation included.
    """

    network: "keras.Model"
    history: History
    replicas: int
    global_batch: int
    learning_rate: float
    rows_per_second: float
    step_seconds: float


def fit(
    build: Callable[[], "keras.Model"],
    inputs: np.ndarray,
    target: np.ndarray,
    *,
    strategy: str = "one_device",
    scale_learning_rate: bool = True,
    validation: tuple[np.ndarray, ...] | None = None,
    weight: np.ndarray | None = None,
    epochs: int = 20,
    batch_size: int = 256,
    patience: int = 5,
    seed: int = 0,
    progress: bool = True,
) -> Distributed:
    """Trains what `build` makes under a strategy, by `train.fit`: the same steps, shared among replicas.

    With r replicas a step takes r times `batch_size` rows, and the learning rate is multiplied by r to
    match (linear scaling: good for small r and plain gradients; with Adam compare against the unscaled
    rate). At equal global batch and learning rate the weights equal those of one device but for rounding,
    where the number of rows divides by r; else up to r - 1 rows sit out in each epoch.

    Parameters
    ----------
    build : makes the compiled network; called in the strategy's scope.
    strategy : `one_device` or `mirrored`.
    scale_learning_rate : whether to multiply the learning rate by the replicas.
    batch_size : rows in a step for each replica, >= 1.
    inputs, target, validation, weight, epochs, patience, seed, progress : as in `train.fit`.

    Raises
    ------
    InvalidParameter, DataError, ModelError : an unknown strategy, or as `train.fit`.

    Source: P. Goyal et al., "Accurate, Large Minibatch SGD", arXiv:1706.02677 (2017).
    """
    if batch_size < 1:
        raise InvalidParameter("batch_size", ">= 1", batch_size)
    placed = make_strategy(strategy)
    replicas = placed.num_replicas_in_sync
    with placed.scope():
        network = build()
        if scale_learning_rate and replicas > 1:
            network.optimizer.learning_rate = float(network.optimizer.learning_rate.numpy()) * replicas
    history = fit_network(
        network,
        inputs,
        target,
        validation=validation,
        weight=weight,
        epochs=epochs,
        batch_size=batch_size * replicas,
        patience=patience,
        seed=seed,
        progress=progress,
    )
    timed = history.seconds[1:] or history.seconds
    epoch_seconds = sum(timed) / len(timed)
    return Distributed(
        network,
        history,
        replicas,
        batch_size * replicas,
        float(network.optimizer.learning_rate.numpy()),
        len(inputs) / epoch_seconds,
        epoch_seconds / -(-len(inputs) // (batch_size * replicas)),
    )

"""Fits a compiled Keras network to arrays."""

import math
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.train.arrays import checked
from mlflow_prod.train.history import History
from mlflow_prod.train.passes import make_pass, warm

if TYPE_CHECKING:
    import keras

# Rows of validation in a step and replica: no gradients are kept, so larger than those of training.
CHECK_BATCH = 2048


def fit(
    network: "keras.Model",
    inputs: np.ndarray,
    target: np.ndarray,
    *,
    validation: tuple[np.ndarray, ...] | None = None,
    weight: np.ndarray | None = None,
    epochs: int = 20,
    batch_size: int = 256,
    patience: int = 5,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Trains a compiled network in place; it ends with the weights of its best epoch.

    The best epoch has the lowest validation loss, or training loss where there is no validation.
    The same seed and the same starting weights give the same weights on CPU; no global random state
    is touched. Interrupted by Ctrl-C the network keeps the weights it has reached. Not for data larger
    than memory, nor for networks that need Keras callbacks.

    Parameters
    ----------
    network : compiled Keras 3 model on TensorFlow.
    inputs : float32, shape (n, ...), finite.
    target : int64 class codes or float64, shape (n,), or whatever the network's loss takes, n rows.
    validation : (inputs, target) or (inputs, target, weight) of rows that decide when to stop.
    weight : float64, shape (n,), >= 0; only ratios count.
    epochs : most passes over the rows, >= 1.
    batch_size : rows in a step, >= 1.
    patience : epochs without a better loss after which training stops, >= 0.
    seed : of the order of the rows, >= 0.
    progress : a bar over the epochs on stderr.

    Raises
    ------
    InvalidParameter : a parameter breaks its rule.
    DataError : arrays of different length, empty, not finite, or with class codes the network lacks.
    ModelError : the loss became infinite or NaN.
    """
    from tqdm import tqdm

    rules = {
        "epochs": (epochs, 1),
        "batch_size": (batch_size, 1),
        "patience": (patience, 0),
        "seed": (seed, 0),
    }
    for name, (value, least) in rules.items():
        if value < least:
            raise InvalidParameter(name, f">= {least}", value)
    replicas = network.distribute_strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise InvalidParameter("batch_size", f"a multiple of the {replicas} replicas", batch_size)
    train = checked(network, "training", (inputs, target) if weight is None else (inputs, target, weight))
    check = checked(network, "validation", validation) if validation else ()
    warm(network, train)

    order = np.random.default_rng(seed)
    loss: list[float] = []
    val_loss: list[float] = []
    seconds: list[float] = []
    best, best_epoch, best_weights = math.inf, 0, network.get_weights()
    train_pass = make_pass(network, network.train_step, train, batch_size)
    if check:
        check_pass = make_pass(network, network.test_step, check, CHECK_BATCH * replicas)
    with tqdm(total=epochs, desc="train", unit="epoch", file=sys.stderr, disable=not progress) as bar:
        for epoch in range(1, epochs + 1):
            started = time.perf_counter()
            loss.append(_loss(train_pass(order.permutation(len(inputs))), network, epoch))
            if check:
                val_loss.append(_loss(check_pass(np.arange(len(check[0]))), network, epoch))
            seconds.append(time.perf_counter() - started)
            latest = (val_loss or loss)[-1]
            if latest < best:
                best, best_epoch, best_weights = latest, epoch, network.get_weights()
            bar.set_postfix(loss=f"{latest:.4g}", best=f"{best:.4g}", refresh=False)
            bar.update()
            if epoch - best_epoch >= max(patience, 1):
                break
    network.optimizer.finalize_variable_values(network.trainable_variables)
    network.set_weights(best_weights)
    return History(loss, val_loss, best_epoch, seconds)


def _loss(metrics: dict[str, float], network: "keras.Model", epoch: int) -> float:
    loss = metrics["loss"]
    if not math.isfinite(loss):
        rate = float(network.optimizer.learning_rate.numpy())
        raise ModelError(
            f"training diverged: the loss is {loss} in epoch {epoch}. Lower the learning rate (now {rate:g}) "
            "and look for inputs of extreme size"
        )
    return loss

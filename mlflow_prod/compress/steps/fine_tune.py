"""Trains a tf_keras model that a step has wrapped."""

import logging
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from mlflow_prod.compress.steps.training import Training
from mlflow_prod.errors import DataError, ModelError
from mlflow_prod.models.bridge import tf_keras as legacy
from mlflow_prod.train.arrays import checked

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras

# Rows of validation in a step: no gradients are kept, so larger than those of training.
CHECK_BATCH = 2048
# Clusters are kept by weights of their own; and each training is of a new network.
EXPECTED = ("Gradients do not exist", "triggered tf.function retracing")
LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}


def fine_tune(
    network: "tf_keras.Model",
    training: Training,
    label: str,
    callbacks: "Sequence[tf_keras.callbacks.Callback]" = (),
    settled: int = 1,
) -> None:
    """Trains in place; the model ends with the weights of its best epoch from the one numbered `settled` on.

    The best epoch has the lowest validation loss; without validation it is the last one. The same seed and
    the same starting weights give the same weights on CPU. Interrupted by Ctrl-C the model is of no use, the
    one it was made from as before.

    Raises ModelError where the loss becomes infinite or NaN, and as `suited` does.
    """
    from tqdm import tqdm

    train, check = suited(network, training)
    network.compile(legacy().optimizers.Adam(training.learning_rate), loss=LOSSES[training.kind])
    order = np.random.default_rng(training.seed)
    best, best_weights = math.inf, None
    with (
        _unsurprised(),
        tqdm(
            total=training.epochs,
            desc=label,
            unit="epoch",
            file=sys.stderr,
            disable=not training.progress,
        ) as bar,
    ):
        batches = _batches(train, training.batch_size)
        for epoch in range(1, training.epochs + 1):
            rows = batches(order.permutation(len(train[0])))
            loss = network.fit(rows, verbose=0, callbacks=list(callbacks)).history["loss"][-1]
            if check and math.isfinite(loss):
                loss = network.evaluate(*check, batch_size=CHECK_BATCH, verbose=0)
            if not math.isfinite(loss):
                raise ModelError(
                    f"{label}: training diverged: the loss is {loss} in epoch {epoch}. Lower the learning "
                    f"rate (now {training.learning_rate:g}) and look for inputs of extreme size"
                )
            if epoch >= settled and (loss < best or not check):
                best, best_weights = loss, [weight.numpy() for weight in network.variables]
            bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
            bar.update()
    if best_weights is not None:
        for weight, value in zip(network.variables, best_weights, strict=True):
            weight.assign(value)


def suited(
    network: "tf_keras.Model", training: Training
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """(training arrays, validation arrays) as the network takes them.

    Raises DataError where rows do not fit it or are missing, not finite, or of classes it lacks; ModelError
    where its output is not what the task's loss takes.
    """
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ModelError(
            f"a step trains networks with one input and one output, {network.name} has "
            f"{len(network.inputs)} and {len(network.outputs)}: choose a recipe without steps"
        )
    outputs = network.output_shape[1:]
    if len(outputs) != 1 or (training.kind == "multiclass") != (outputs[0] > 1):
        wanted = "(n, classes)" if training.kind == "multiclass" else "(n, 1)"
        raise ModelError(
            f"{network.name} answers in shape (n, {', '.join(map(str, outputs))}), a {training.kind} task "
            f"takes {wanted}"
        )
    weighted = () if training.weight is None else (training.weight,)
    train = _arrays(network, "training", (training.inputs, training.target, *weighted))
    check = _arrays(network, "validation", training.validation) if training.validation else ()
    if training.kind != "regression":
        _check_scores(network, training.kind, train[0][:64])
    return train, check


def _arrays(network: "tf_keras.Model", name: str, arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    expected = network.input_shape[1:]
    found = np.shape(arrays[0])
    if len(found) != len(expected) + 1 or not all(
        want in (None, got) for want, got in zip(expected, found[1:], strict=True)
    ):
        raise DataError(
            f"the {name} inputs have shape {found}, {network.name} takes (n, {', '.join(map(str, expected))})"
        )
    inputs, target, *weight = checked(network, name, arrays)
    if target.ndim != 1:
        raise DataError(f"the {name} target must have shape (n,), got {target.shape}")
    # One column as the network gives it: left to broadcasting, n x n differences would be trained on.
    return inputs, target if network.output_shape[-1] > 1 else target[:, None], *weight


def _check_scores(network: "tf_keras.Model", kind: str, rows: np.ndarray) -> None:
    scores = network(rows, training=False).numpy()
    sums = scores.sum(axis=1) if kind == "multiclass" else 1
    if scores.min() < 0 or scores.max() > 1 or not np.allclose(sums, 1, atol=1e-3):
        last = "softmax" if kind == "multiclass" else "sigmoid"
        raise ModelError(f"{network.name} does not answer in probabilities: end it with a {last}")


def _batches(arrays: tuple[np.ndarray, ...], batch_size: int):  # type: ignore[no-untyped-def]
    import tensorflow as tf

    held = [tf.constant(array) for array in arrays]

    def batches(order: np.ndarray) -> "tf.data.Dataset":
        rows = tf.data.Dataset.from_tensor_slices(order).batch(min(batch_size, len(order)))
        return rows.map(lambda batch: tuple(tf.gather(array, batch) for array in held))

    return batches


@contextmanager
def _unsurprised() -> Iterator[None]:
    """Without what TensorFlow warns of in every such training, and is meant to be so."""

    def wanted(record: logging.LogRecord) -> bool:
        return not any(word in str(record.msg) for word in EXPECTED)

    logger = logging.getLogger("tensorflow")
    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)

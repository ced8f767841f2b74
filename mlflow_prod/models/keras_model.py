"""A Keras 3 network together with what its inputs and outputs mean."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlflow_prod.data import Features, Task
from mlflow_prod.encoder import Encoder
from mlflow_prod.errors import ModelError

if TYPE_CHECKING:
    import keras

# Rows a call: enough to keep the processor busy, few enough for the activations of a convolution to fit.
BATCH = 1024
ENDS = {
    "binary": "one sigmoid unit",
    "multiclass": "a softmax of as many as classes",
    "regression": "one linear unit",
}


class KerasModel:
    """A network, the encoder of its inputs and the task of its outputs.

    Not for batch 1 where latency counts: a call takes some 400 us, `mlflow_prod.tflite` a few.

    Parameters
    ----------
    network : one input of shape (n, *encoder.shape), float32; output (n, 1) for binary (probability of the
        positive class) and regression, (n, classes) for multiclass (probabilities).

    Raises
    ------
    ModelError : the network does not fit the encoder or the task, or Keras runs on another backend.
    """

    def __init__(self, network: "keras.Model", encoder: Encoder, task: Task):
        import keras

        if keras.backend.backend() != "tensorflow":
            raise ModelError(
                f"Keras must run on tensorflow, got {keras.backend.backend()}: set KERAS_BACKEND"
            )
        if _ends(network) != (1, 1):
            raise ModelError(
                f"{network.name} must be a Sequential or Functional network that begins with keras.Input, "
                "and have one input and one output"
            )
        outputs = len(task.classes) if task.kind == "multiclass" else 1
        if tuple(network.input_shape[1:]) != tuple(encoder.shape):
            raise ModelError(
                f"the network reads {network.input_shape[1:]}, the encoder makes {encoder.shape}"
            )
        if tuple(network.output_shape[1:]) != (outputs,):
            raise ModelError(
                f"a {task.kind} task needs a network with {outputs} output{'s'[: outputs > 1]}, "
                f"got {network.output_shape[1:]}: end it in {ENDS[task.kind]}"
            )
        self.network = network
        self.encoder = encoder
        self.task = task

    def score(self, encoded: np.ndarray) -> np.ndarray:
        """Scores of encoded rows, float32 (n, *encoder.shape), after `Task`'s convention, float32."""
        encoded = np.asarray(encoded, np.float32)
        starts = range(0, max(1, len(encoded)), BATCH)
        parts = [self._traced(encoded[start : start + BATCH]).numpy() for start in starts]
        scores = np.concatenate(parts)
        return scores if self.task.kind == "multiclass" else scores[:, 0]

    def predict(self, features: Features) -> np.ndarray:
        """Scores of raw rows: `score` of what the encoder makes of them."""
        return self.score(self.encoder.encode(features))

    @cached_property
    def _traced(self) -> Any:
        import tensorflow as tf

        network = self.network
        rows = tf.TensorSpec((None, *self.encoder.shape), tf.float32)
        # One trace for every number of rows; `network.predict` would set up a data pipeline for each call.
        return tf.function(lambda batch: network(batch, training=False), input_signature=[rows])


def _ends(network: "keras.Model") -> tuple[int, int] | None:
    """How many inputs and outputs it has; None for one that is built only as it is called."""
    try:
        return len(network.inputs), len(network.outputs)
    except (AttributeError, TypeError, ValueError):
        return None

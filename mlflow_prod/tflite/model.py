"""A TFLite file together with what its inputs and outputs mean."""

import threading
from collections import OrderedDict

import numpy as np

from mlflow_prod.data import Features, Task
from mlflow_prod.encoder import Encoder
from mlflow_prod.errors import ModelError
from mlflow_prod.tflite.runner import Runner

# Rows a call: what fits the caches of a processor; larger batches are cut.
BATCH = 256
# Batch sizes kept ready in each thread.
SIZES = 8


class TFLiteModel:
    """A TFLite file run by LiteRT, the encoder of its inputs and the task of its outputs.

    Safe to call from several threads: each has interpreters of its own, which a shared one does not allow.
    The file runs in this process, and a malformed one can end it: for files from elsewhere use
    `mlflow_prod.tflite.load_model`, or `mlflow_prod.tflite.check` first. TensorFlow is not imported.

    Parameters
    ----------
    content : the file's bytes. One input of shape (n, *encoder.shape); output (n, 1) for binary (probability
        of the positive class) and regression, (n, classes) for multiclass. float32, or integers quantized
        as the file says.

    Raises
    ------
    ModelError : the file cannot be run, or does not fit the encoder or the task.
    """

    def __init__(self, content: bytes, encoder: Encoder, task: Task):
        self.content = content
        self.encoder = encoder
        self.task = task
        self._local = threading.local()
        runner = self._runner(1)
        outputs = len(task.classes) if task.kind == "multiclass" else 1
        if runner.input_shape[1:] != tuple(encoder.shape):
            raise ModelError(
                f"the file reads {runner.input_shape[1:]}, the encoder makes {tuple(encoder.shape)}"
            )
        if runner.output_shape[1:] != (outputs,):
            raise ModelError(
                f"a {task.kind} task needs a file with {outputs} output{'s'[: outputs > 1]}, "
                f"got {runner.output_shape[1:]}"
            )

    def score(self, encoded: np.ndarray) -> np.ndarray:
        """Scores of encoded rows, float32 (n, *encoder.shape), after `Task`'s convention, float32."""
        n = len(encoded)
        if 0 < n <= BATCH:
            scores = self._runner(n).run(encoded)
        else:
            parts = [self._runner(len(part)).run(part) for part in _cut(encoded)]
            scores = np.concatenate([np.empty((0, *self._runner(1).output_shape[1:]), np.float32), *parts])
        return scores if self.task.kind == "multiclass" else scores[:, 0]

    def predict(self, features: Features) -> np.ndarray:
        """Scores of raw rows: `score` of what the encoder makes of them."""
        return self.score(self.encoder.encode(features))

    def _runner(self, rows: int) -> Runner:
        try:
            ready: OrderedDict[int, Runner] = self._local.ready
        except AttributeError:
            ready = self._local.ready = OrderedDict()
        runner = ready.get(rows)
        if runner is None:
            # Resizing costs more than a small batch takes, so each size keeps an interpreter.
            runner = ready[rows] = Runner(self.content, rows)
            if len(ready) > SIZES:
                ready.popitem(last=False)
        return runner


def _cut(encoded: np.ndarray) -> list[np.ndarray]:
    return [encoded[start : start + BATCH] for start in range(0, len(encoded), BATCH)]

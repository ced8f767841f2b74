"""A TFLite file together with what its inputs and outputs mean."""

import numpy as np

from mlflow_prod.data import Features, Task
from mlflow_prod.encoder import Encoder
from mlflow_prod.errors import ModelError
from mlflow_prod.tflite.file import TFLiteFile


class TFLiteModel:
    """A TFLite file run by LiteRT, the encoder of its inputs and the task of its outputs.

    Safe to call from several threads, and trusted to run in this process, as `TFLiteFile` is; a file without
    an encoder is one. TensorFlow is not imported.

    Parameters
    ----------
    content : the file's bytes. One input of shape (n, *encoder.shape); output (n, 1) for binary (probability
        of the positive class) and regression, (n, classes) for multiclass. float32, or integers quantized
        as the file says.
    threads : processor cores that one call may use, >= 1.

    Raises
    ------
    ModelError : the file cannot be run, or does not fit the encoder or the task.
    """

    def __init__(self, content: bytes, encoder: Encoder, task: Task, *, threads: int = 1):
        self.content = content
        self.encoder = encoder
        self.task = task
        self.file = file = TFLiteFile(content, threads=threads)
        ends = file.interface().inputs, file.interface().outputs
        if (len(ends[0]), len(ends[1])) != (1, 1):
            raise ModelError(
                f"a TFLite file must have one input and one output, got {len(ends[0])} and {len(ends[1])}"
            )
        if ends[0][0].shape[1:] != tuple(encoder.shape):
            raise ModelError(
                f"the file reads {ends[0][0].shape[1:]}, the encoder makes {tuple(encoder.shape)}"
            )
        outputs = len(task.classes) if task.kind == "multiclass" else 1
        answer = file.predict(np.zeros((1, *encoder.shape), np.float32))
        if answer.shape != (1, outputs):
            raise ModelError(
                f"a {task.kind} task needs a file with {outputs} output{'s'[: outputs > 1]}, "
                f"got {answer.shape[1:]}"
            )
        self._several = task.kind == "multiclass"

    def score(self, encoded: np.ndarray) -> np.ndarray:
        """Scores of encoded rows, float32 (n, *encoder.shape), after `Task`'s convention, float32."""
        scores: np.ndarray = self.file.predict(encoded)
        return scores if self._several else scores[:, 0]

    def predict(self, features: Features) -> np.ndarray:
        """Scores of raw rows: `score` of what the encoder makes of them."""
        return self.score(self.encoder.encode(features))

"""tf_keras and tfmot, imported when first needed, without a trace in the environment."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

SWITCH = "TF_USE_LEGACY_KERAS"
_one_at_a_time = threading.Lock()


def tf_keras() -> ModuleType:
    """The module tf_keras; `keras` stays Keras 3, and the environment as it was."""
    with _as_before():
        import tf_keras as module
    return module


def tfmot() -> ModuleType:
    """The module tensorflow_model_optimization, which reads tf_keras networks only.

    Its import sets TF_USE_LEGACY_KERAS for good, so that every process started later would take tf_keras for
    `tf.keras`: here the variable is afterwards as it was before, absent or with its value.
    """
    with _as_before():
        import tensorflow as tf

        # Settled now, under the user's own setting: else tfmot's would decide what `tf.keras` is for good.
        _ = tf.keras.layers
        import tensorflow_model_optimization as module
    return module


@contextmanager
def _as_before() -> Iterator[None]:
    with _one_at_a_time:
        before = os.environ.get(SWITCH)
        try:
            yield
        finally:
            if before is None:
                os.environ.pop(SWITCH, None)
            else:
                os.environ[SWITCH] = before

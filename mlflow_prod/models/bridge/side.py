"""The two sides of the bridge."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from mlflow_prod.models.bridge.legacy import tf_keras


@dataclass(frozen=True)
class Side:
    """One of the two Keras, in this process.

    Parameters
    ----------
    name : as its module is called.
    module : Keras 3 or tf_keras.
    functional : its class of networks made from inputs and outputs, which it does not export.
    """

    name: Literal["keras", "tf_keras"]
    module: ModuleType
    functional: Any


def sides() -> tuple[Side, Side]:
    """Keras 3 and tf_keras."""
    import keras
    from keras.src.models.functional import Functional

    legacy = tf_keras()
    from tf_keras.src.engine.functional import Functional as LegacyFunctional

    return Side("keras", keras, Functional), Side("tf_keras", legacy, LegacyFunctional)

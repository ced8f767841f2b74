"""What every converter does."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, Union, runtime_checkable

from mlflow_prod.compress.converters.calibration import Calibration

if TYPE_CHECKING:
    import keras
    import tf_keras

Network: TypeAlias = Union["keras.Model", "tf_keras.Model", Path]


@runtime_checkable
class Converter(Protocol):
    """A trained network to the bytes of a TFLite file."""

    def convert(self, network: Network, calibration: Calibration | None = None) -> bytes:
        """The file's bytes.

        `network` is a built Keras 3 or tf_keras model, which becomes the signature `serving_default`, or the
        folder of a SavedModel, all signatures of which are kept. Inputs have a fixed size beyond the batch.
        `calibration` are typical encoded rows, read by the converters that quantize activations: an array of
        shape (n, *input shape), finite, n >= 1, or for several inputs such an array by the input's name.
        Raises ModelError where the network cannot be converted or the file does not hold what the converter
        stands for, InvalidParameter on `calibration`.
        """

"""What every converter does."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    import keras


@runtime_checkable
class Converter(Protocol):
    """A Keras 3 model to the bytes of a TFLite file."""

    def convert(self, keras_model: "keras.Model", calibration: np.ndarray | None = None) -> bytes:
        """The file's bytes.

        `keras_model` has one input and one output; `calibration`, shape (n, *input shape), finite floats,
        are typical encoded rows, read by the converters that quantize activations. Raises ModelError where
        the model cannot be converted or the file does not hold what the converter stands for,
        InvalidParameter on `calibration`.
        """

"""Trained networks to TFLite files, in several types of numbers."""

from collections.abc import Mapping
from types import MappingProxyType

from mlflow_prod.compress.converters.calibration import Calibration
from mlflow_prod.compress.converters.converter import Converter, Network
from mlflow_prod.compress.converters.edge import StoredWeights
from mlflow_prod.compress.converters.post_training import PostTraining
from mlflow_prod.errors import InvalidParameter, did_you_mean

CONVERTERS: Mapping[str, Converter] = MappingProxyType(
    {
        "float32": PostTraining("float32"),
        "float16": PostTraining("float16"),
        "dynamic_range": PostTraining("int8"),
        "int8": PostTraining("int8", activations="int8"),
        "int8_io": PostTraining("int8", activations="int8", ends="int8"),
        "int16x8": PostTraining("int8", activations="int16"),
        "weight_only": StoredWeights("int8", integer_compute=False),
        "int4": StoredWeights("int4"),
    }
)


def convert(network: Network, name: str, calibration: Calibration | None = None) -> bytes:
    """The bytes of the TFLite file that the converter called `name` (a key of `CONVERTERS`) makes.

    `calibration` is read by `int8`, `int8_io` and `int16x8` only. Raises as `Converter.convert` does.
    """
    if name not in CONVERTERS:
        raise InvalidParameter(
            "converter", f"one of {', '.join(CONVERTERS)} ({did_you_mean(name, CONVERTERS)})", name
        )
    return CONVERTERS[name].convert(network, calibration)


__all__ = [
    "CONVERTERS",
    "Calibration",
    "Converter",
    "Network",
    "PostTraining",
    "StoredWeights",
    "convert",
]

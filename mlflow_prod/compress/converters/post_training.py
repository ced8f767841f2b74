"""Post-training quantization with TensorFlow's converter."""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow_prod.compress.converters.calibration import Batches, Calibration, batches
from mlflow_prod.compress.converters.converter import Network
from mlflow_prod.compress.converters.exported import exported
from mlflow_prod.compress.converters.signatures import Signatures
from mlflow_prod.compress.converters.verify import verify
from mlflow_prod.compress.quiet import quiet
from mlflow_prod.errors import InvalidParameter, ModelError

# What the converter complains about is somewhere in many lines: the operation, and the layer that it is of.
OPERATION = re.compile(r"'(?:tf|tfl)\.(\w+)' op |legalize operation '(?:tf|tfl)\.(\w+)'|for op: '(\w+)'")
LAYER = re.compile(r'fused\["\w+:", "([^"@]+)@')
ADVICE = {
    "TensorList": "build recurrent layers with unroll=True",
    "PyFunc": "TFLite runs no Python: write the layer with operations of keras.ops",
}


@dataclass(frozen=True)
class PostTraining:
    """A network to TFLite, its kernels stored as `weights`.

    The same network and calibration give the same bytes within one set of versions; the names of layers are
    part of the file, so a network rebuilt under automatic layer names differs. A network trained with
    quantization (tfmot's QAT) keeps the ranges it has learnt; it too needs calibration, for what lies between
    its layers.

    Not for rows of changing size, text, or a batch that an operation depends on. int16 activations are for
    hardware: LiteRT on a CPU runs them by plain loops, 60 times slower than int8 (measured on a small CNN).

    Parameters
    ----------
    weights : type of the stored kernels: `float32`, `float16` or `int8`.
    activations : `int8` and `int16` compute in integers and need calibration; `float32` does not.
    ends : type of inputs and outputs that are floats in the network: `float32`, or `int8` with activations
        of int8; the scale of such ones is in the file.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", CVPR 2018.
    """

    weights: str
    activations: str = "float32"
    ends: str = "float32"

    def __post_init__(self) -> None:
        for name, rule in {
            "weights": ("float32", "float16", "int8"),
            "activations": ("float32", "int8", "int16") if self.weights == "int8" else ("float32",),
            "ends": ("float32", "int8") if self.activations == "int8" else ("float32",),
        }.items():
            if getattr(self, name) not in rule:
                raise InvalidParameter(name, f"one of {', '.join(rule)} here", getattr(self, name))

    def convert(self, network: Network, calibration: Calibration | None = None) -> bytes:
        """The file's bytes; see `Converter`."""
        try:
            with exported(network) as (folder, signatures):
                content = self._converted(folder, signatures, calibration)
        except (InvalidParameter, ModelError):
            raise
        except Exception as problem:
            # TensorFlow raises plain exceptions of many types here; all mean the same to the caller.
            name = network if isinstance(network, Path) else network.name
            raise ModelError(f"{name} cannot be converted to TFLite: {_told(str(problem))}") from problem
        verify(content, self.weights, self.activations, self.ends)
        return content

    def _converted(self, folder: Path, signatures: Signatures, calibration: Calibration | None) -> bytes:
        import tensorflow as tf

        if self.activations == "int16" and len(signatures) > 1:
            # Seen: the ranges of one signature are taken for another's, and its answers are wrong.
            raise ModelError(
                f"activations of int16 need a SavedModel with one signature, got {', '.join(signatures)}; "
                "save it with one, or take int8"
            )
        rows = batches(calibration, signatures) if self.activations != "float32" else None
        with quiet(), warnings.catch_warnings():
            # The converter says so of every model that it calibrates itself, with an interpreter of its own.
            warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
            warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
            converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=list(signatures))
            self._set(converter, tf, rows, alone=len(signatures) == 1)
            return bytes(converter.convert())

    def _set(self, converter: Any, tf: Any, rows: Batches | None, *, alone: bool) -> None:
        if self.weights == "float32":
            return
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if self.weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if rows is None:
            return
        integers = {
            "int8": tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            "int16": tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
        }
        converter.target_spec.supported_ops = [integers[self.activations]]
        # Where there is one signature the converter does not want to hear its name.
        converter.representative_dataset = lambda: (batch if alone else (key, batch) for key, batch in rows())
        if self.ends == "int8":
            converter.inference_input_type = converter.inference_output_type = tf.int8


def _told(problem: str) -> str:
    """What the converter complains about, in a line."""
    named = list(dict.fromkeys("".join(groups) for groups in OPERATION.findall(problem)))
    if not named:
        return problem
    layer = f" (in {found[1]})" if (found := LAYER.search(problem)) else ""
    advice = next(
        (told for part, told in ADVICE.items() if any(part in name for name in named)),
        "write the layer with operations that TFLite has, or take another converter",
    )
    return f"TFLite has no {', '.join(named)} for these types of numbers{layer}; {advice}"

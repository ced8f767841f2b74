"""Post-training quantization with TensorFlow's converter."""

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mlflow_prod.compress.quiet import quiet
from mlflow_prod.compress.reached import reached
from mlflow_prod.errors import InvalidParameter, ModelError, did_you_mean

if TYPE_CHECKING:
    import keras

CALIBRATION_BATCH = 64


@dataclass(frozen=True)
class PostTraining:
    """A Keras 3 model to TFLite, its kernels stored as `weights`. Input and output stay float32.

    The same model and calibration give the same bytes within one set of versions; the names of layers are
    part of the file, so a model rebuilt under automatic layer names differs.

    Parameters
    ----------
    weights : type of the stored kernels: `float32`, `float16` or `int8`.
    activations : `int8` computes in integers and needs calibration; `float32` does not.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", CVPR 2018.
    """

    weights: str
    activations: str = "float32"

    def convert(self, keras_model: "keras.Model", calibration: np.ndarray | None = None) -> bytes:
        """The file's bytes; see `Converter`."""
        import keras
        import tensorflow as tf

        if (
            not isinstance(keras_model, keras.Model)
            or len(keras_model.inputs) != 1
            or len(keras_model.outputs) != 1
        ):
            raise ModelError(
                f"only a built Keras 3 model with one input and one output converts, got {keras_model!r}"
            )
        shape = tuple(keras_model.inputs[0].shape[1:])
        rows = _calibration_rows(calibration, shape) if self.activations == "int8" else None
        with tempfile.TemporaryDirectory() as folder:
            archive = keras.export.ExportArchive()
            archive.track(keras_model)
            archive.add_endpoint(
                "serve",
                lambda batch: keras_model(batch, training=False),
                input_signature=[tf.TensorSpec((None, *shape), tf.float32, name="input")],
            )
            try:
                with quiet(), warnings.catch_warnings():
                    # The converter says so of every model that it calibrates itself.
                    warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
                    archive.write_out(folder, verbose=False)
                    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
                    self._set(converter, tf, rows)
                    content = bytes(converter.convert())
            except Exception as problem:
                # TensorFlow raises plain exceptions of many types here; all mean the same to the caller.
                raise ModelError(f"{keras_model.name} cannot be converted to TFLite: {problem}") from problem
        self._check(content)
        return content

    def _set(self, converter: Any, tf: Any, rows: np.ndarray | None) -> None:
        if self.weights == "float32":
            return
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if self.weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if rows is not None:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]

            def batches() -> Iterator[list[np.ndarray]]:
                for start in range(0, len(rows), CALIBRATION_BATCH):
                    yield [rows[start : start + CALIBRATION_BATCH]]

            converter.representative_dataset = batches

    def _check(self, content: bytes) -> None:
        found = reached(content)
        if self.activations == "int8" and not found.all_integer:
            raise ModelError(
                f"int8 was not reached: {', '.join(found.float_kernels)} still compute in float32"
            )
        if found.largest != self.weights:
            raise ModelError(
                f"the largest kernel is stored as {found.largest or 'nothing'} and not as {self.weights}; "
                "TensorFlow leaves kernels of less than 1,024 weights as they are unless activations are int8"
            )


CONVERTERS: Mapping[str, PostTraining] = MappingProxyType(
    {
        "float32": PostTraining("float32"),
        "dynamic_range": PostTraining("int8"),
        "float16": PostTraining("float16"),
        "int8": PostTraining("int8", activations="int8"),
    }
)


def convert(keras_model: "keras.Model", name: str, calibration: np.ndarray | None = None) -> bytes:
    """The bytes of the TFLite file that the converter called `name` (a key of `CONVERTERS`) makes.

    `calibration`, shape (n, *input shape), is read by `int8` only. Raises as `Converter.convert` does.
    """
    if name not in CONVERTERS:
        raise InvalidParameter(
            "converter", f"one of {', '.join(CONVERTERS)} ({did_you_mean(name, CONVERTERS)})", name
        )
    return CONVERTERS[name].convert(keras_model, calibration)


def _calibration_rows(calibration: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    expected = f"encoded rows of shape (n, {', '.join(map(str, shape))}) with n >= 1"
    if calibration is None or np.shape(calibration)[1:] != shape or len(calibration) == 0:
        got = None if calibration is None else np.shape(calibration)
        raise InvalidParameter("calibration", expected, got)
    rows = np.ascontiguousarray(calibration, np.float32)
    if not np.isfinite(rows).all():
        raise InvalidParameter("calibration", "finite", "NaN or infinite values")
    return rows

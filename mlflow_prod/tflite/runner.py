"""One interpreter, set up for one batch size."""

from typing import Any

import numpy as np

from mlflow_prod.errors import ModelError


class Runner:
    """Runs a TFLite file on batches of exactly `rows` rows. For one thread only."""

    def __init__(self, content: bytes, rows: int):
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_content=content, num_threads=1)
            inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
            if (len(inputs), len(outputs)) != (1, 1):
                raise ModelError(
                    f"a TFLite file must have one input and one output, got {len(inputs)} and {len(outputs)}"
                )
            interpreter.resize_tensor_input(inputs[0]["index"], [rows, *inputs[0]["shape"][1:]])
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as problem:
            raise ModelError(f"the TFLite file cannot be run on {rows} rows: {problem}") from problem
        self._interpreter = interpreter
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        self._quantize = _Quantization.of(inputs[0])
        self._dequantize = _Quantization.of(outputs[0])
        self.input_shape = tuple(int(size) for size in interpreter.get_input_details()[0]["shape"])
        self.output_shape = tuple(int(size) for size in interpreter.get_output_details()[0]["shape"])

    def run(self, encoded: np.ndarray) -> np.ndarray:
        """The file's output for `encoded`, shape (rows, ...), as float32 (rows, ...)."""
        batch = np.asarray(encoded, np.float32)
        if self._quantize:
            batch = self._quantize.to_integers(batch)
        try:
            self._interpreter.set_tensor(self._input, batch)
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as problem:
            raise ModelError(f"the TFLite file failed on rows of shape {batch.shape}: {problem}") from problem
        output = self._interpreter.get_tensor(self._output)
        return self._dequantize.to_floats(output) if self._dequantize else output


class _Quantization:
    """Numbers as integers: real = (integer - zero) * scale, from the file's own parameters."""

    def __init__(self, dtype: np.dtype, scale: float, zero: int):
        self.dtype, self.scale, self.zero = dtype, np.float32(scale), zero
        self.least, self.most = np.iinfo(dtype).min, np.iinfo(dtype).max

    @classmethod
    def of(cls, detail: dict[str, Any]) -> "_Quantization | None":
        dtype = np.dtype(detail["dtype"])
        if dtype == np.float32:
            return None
        scale, zero = detail["quantization"]
        if dtype not in (np.int8, np.uint8, np.int16) or not scale > 0:
            raise ModelError(
                f"{detail['name']} must be float32 or scaled int8, uint8 or int16, got {dtype}, scale {scale}"
            )
        return cls(dtype, scale, zero)

    def to_integers(self, numbers: np.ndarray) -> np.ndarray:
        whole = np.rint(numbers / self.scale) + self.zero
        return np.clip(whole, self.least, self.most).astype(self.dtype)

    def to_floats(self, integers: np.ndarray) -> np.ndarray:
        return (integers.astype(np.float32) - self.zero) * self.scale

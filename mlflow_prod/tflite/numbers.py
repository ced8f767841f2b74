"""Numbers as a TFLite file has them: of its own type, and quantized where it says so."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from mlflow_prod.errors import DataError, shown
from mlflow_prod.tflite.contents import Tensor

Change: TypeAlias = Callable[[np.ndarray], np.ndarray]
# An array of one of these kinds holds texts.
TEXTS = "SUO"


def as_stored(tensor: Tensor, dtype: np.dtype) -> Change | None:
    """What brings an array of `dtype` to the type of an input; None where it is of that type already.

    Of a quantized input (real = (stored - zero) * scale) integers of its own type are taken as stored, other
    numbers as real ones: rounded to the nearest step, and to the ends of the range beyond it. An input of
    plain integers takes whole numbers within its range, one of floats any number, one of texts any text.
    The change raises DataError for others, naming the input.
    """
    if tensor.dtype == "string":
        return None if dtype.kind in "SU" else lambda array: _texts(tensor, array)
    own = np.dtype(tensor.dtype)
    if dtype == own:
        return None
    if dtype.kind not in "fiub":
        # Rows of a DataFrame, and nested lists, come as objects.
        return lambda array: _of_objects(tensor, array)
    if tensor.scales:
        return _quantize(tensor, own)
    if own.kind == "f":
        return lambda array: _float(tensor, own, array)
    if own.kind == "c":
        return lambda array: array.astype(own)
    return lambda array: _whole(tensor, own, array)


def as_real(tensor: Tensor) -> Change | None:
    """What brings a quantized output to float32; None where an output is as it should be."""
    if not tensor.scales or np.dtype(tensor.dtype).kind == "f":
        return None
    scale, zero = np.float32(tensor.scales[0]), np.float32(tensor.zeros[0])

    def change(stored: np.ndarray) -> np.ndarray:
        return (stored.astype(np.float32) - zero) * scale

    return change


def _quantize(tensor: Tensor, own: np.dtype) -> Change:
    scale, zero = np.float32(tensor.scales[0]), np.float32(tensor.zeros[0])
    least, most = np.float32(np.iinfo(own).min), np.float32(np.iinfo(own).max)
    wide = np.float64 if own.itemsize > 2 else np.float32

    def change(array: np.ndarray) -> np.ndarray:
        steps = np.divide(array, scale, dtype=wide)
        np.rint(steps, out=steps)
        steps += zero
        np.minimum(np.maximum(steps, least, out=steps), most, out=steps)
        if np.isnan(steps).any():
            raise DataError(f"input {tensor.name!r} holds NaN, for which {own} has no number")
        return steps.astype(own)

    return change


def _float(tensor: Tensor, own: np.dtype, array: np.ndarray) -> np.ndarray:
    try:
        with np.errstate(over="raise"):
            return array.astype(own)
    except FloatingPointError as problem:
        most = np.finfo(own).max
        raise DataError(f"input {tensor.name!r} takes numbers up to {most:.3g} ({own})") from problem


def _whole(tensor: Tensor, own: np.dtype, array: np.ndarray) -> np.ndarray:
    least, most = (0, 1) if own.kind == "b" else (np.iinfo(own).min, np.iinfo(own).max)
    if array.size:
        low, high = array.min(), array.max()
        # Written so that NaN is refused.
        if not (low >= least and high <= most) or (
            array.dtype.kind == "f" and (array != np.rint(array)).any()
        ):
            raise DataError(
                f"input {tensor.name!r} takes whole numbers from {least} to {most} ({own}), "
                f"got {array.dtype} from {low:g} to {high:g}"
            )
    return array.astype(own)


def _of_objects(tensor: Tensor, array: np.ndarray) -> np.ndarray:
    try:
        numbers = np.asarray(array.tolist(), np.float64)
    except (TypeError, ValueError) as problem:
        raise DataError(f"input {tensor.name!r} takes numbers ({tensor.dtype}): {problem}") from problem
    if numbers.shape != array.shape:
        raise DataError(
            f"input {tensor.name!r} takes numbers ({tensor.dtype}), got arrays of {numbers.shape}"
        )
    change = as_stored(tensor, numbers.dtype)
    return numbers if change is None else change(numbers)


def _texts(tensor: Tensor, array: np.ndarray) -> np.ndarray:
    odd: list[Any] = [one for one in array.reshape(-1).tolist() if not isinstance(one, str | bytes)]
    if odd or array.dtype.kind not in TEXTS:
        raise DataError(f"input {tensor.name!r} takes texts, got {array.dtype} {shown(odd[:1])}")
    return array

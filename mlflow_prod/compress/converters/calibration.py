"""Typical rows, by which a converter learns the ranges of activations."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

from mlflow_prod.compress.converters.exported import clean
from mlflow_prod.compress.converters.signatures import Input, Signatures
from mlflow_prod.errors import InvalidParameter, did_you_mean

Calibration: TypeAlias = np.ndarray | Mapping[str, np.ndarray]
Batches: TypeAlias = Callable[[], Iterator[tuple[str, dict[str, np.ndarray]]]]

BATCH = 64


def batches(calibration: Calibration | None, signatures: Signatures) -> Batches:
    """What TensorFlow's converter asks for: a function that goes through (signature, rows by input).

    Every signature is shown all rows of its inputs; inputs of one name get the same rows. Raises
    InvalidParameter.
    """
    rows = {key: _rows(calibration, inputs) for key, inputs in signatures.items()}

    def through() -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        for key, arrays in rows.items():
            count = len(next(iter(arrays.values())))
            # A network made for batches of one size runs on no other: what is left over is left out.
            step = signatures[key][0].batch or _even(count)
            for start in range(0, count - step + 1, step):
                yield key, {name: array[start : start + step] for name, array in arrays.items()}

    return through


def _even(count: int) -> int:
    """The most rows up to BATCH by which `count` divides.

    The converter resizes inputs one after the other, and fails where they must be alike meanwhile.
    """
    return max(size for size in range(1, BATCH + 1) if count % size == 0)


def _rows(calibration: Calibration | None, inputs: tuple[Input, ...]) -> dict[str, np.ndarray]:
    arrays = _by_name(calibration, inputs)
    rows = {each.name: _of_input(arrays[each.name], each, len(inputs)) for each in inputs}
    counts = {name: len(array) for name, array in rows.items()}
    if len(set(counts.values())) > 1:
        raise InvalidParameter("calibration", "as many rows for each input", counts)
    return rows


def _by_name(calibration: Calibration | None, inputs: tuple[Input, ...]) -> dict[str, np.ndarray | None]:
    if isinstance(calibration, Mapping):
        arrays: dict[str, np.ndarray | None] = {clean(name): array for name, array in calibration.items()}
        if len(inputs) == 1 and len(arrays) == 1:
            return {inputs[0].name: next(iter(arrays.values()))}
        for each in inputs:
            if each.name not in arrays:
                raise InvalidParameter(
                    "calibration",
                    f"rows by the name of the input: none for {each.name!r} "
                    f"({did_you_mean(each.name, arrays)})",
                    sorted(arrays),
                )
        return arrays
    if len(inputs) > 1:
        names = ", ".join(each.name for each in inputs)
        got = None if calibration is None else np.shape(calibration)
        raise InvalidParameter("calibration", f"rows by the name of the input: {names}", got)
    return {inputs[0].name: calibration}


def _of_input(array: np.ndarray | None, to: Input, inputs: int) -> np.ndarray:
    of = f" for {to.name!r}" if inputs > 1 else ""
    least = to.batch or 1
    if array is None or np.ndim(array) == 0 or np.shape(array)[1:] != to.shape or len(array) < least:
        sizes = ", ".join(map(str, ("n", *to.shape)))
        raise InvalidParameter(
            "calibration",
            f"encoded rows of shape ({sizes}){of} with n >= {least}",
            None if array is None else np.shape(array),
        )
    given = np.asarray(array)
    if given.dtype.kind not in "fiub":
        raise InvalidParameter("calibration", f"numbers{of}", given.dtype)
    if not np.isfinite(given).all():
        raise InvalidParameter("calibration", f"finite{of}", "NaN or infinite values")
    with np.errstate(invalid="ignore", over="ignore"):
        rows = np.ascontiguousarray(given, to.dtype)
    if not np.isfinite(rows).all() or (rows.dtype.kind in "iub" and not np.array_equal(rows, given)):
        raise InvalidParameter("calibration", f"numbers that {to.dtype} can hold{of}", _outside(given, rows))
    return rows


def _outside(given: np.ndarray, rows: np.ndarray) -> float:
    return float(given[~np.isfinite(rows) | (rows != given)].flat[0])

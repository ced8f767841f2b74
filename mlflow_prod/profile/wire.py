"""Counts as bytes: a line of JSON, then the numbers, compressed with a checksum over all of it."""

import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlflow_prod.errors import DataError

# Most counts are small: they shrink tenfold already so, and more would take longer than to send them.
FASTEST = 1
KINDS = ("<u1", "<u2", "<u4", "<u8", "<f8")


def pack(head: dict[str, Any], arrays: Sequence[np.ndarray]) -> bytes:
    """JSON values, and flat arrays of floats or of whole numbers >= 0, as `unpack` reads them.

    >>> unpack(pack({"of": "towns"}, [np.array([3, 500]), np.array([0.5])]))
    ({'of': 'towns'}, [array([  3, 500]), array([0.5])])
    """
    kinds = ["<f8" if array.dtype.kind == "f" else f"<u{_bytes(array)}" for array in arrays]
    sizes = [len(array) for array in arrays]
    line = json.dumps({"head": head, "arrays": list(zip(kinds, sizes, strict=True))})
    numbers = (array.astype(kind).tobytes() for array, kind in zip(arrays, kinds, strict=True))
    return zlib.compress(b"".join([line.encode(), b"\n", *numbers]), FASTEST)


def unpack(data: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """What was packed, as int64 and float64; DataError for damaged bytes, and for those of something else."""
    try:
        inflate = zlib.decompressobj()
        plain = inflate.decompress(data)
        if not inflate.eof or inflate.unused_data:
            raise ValueError("they are cut off, or more follows")
        line, _, numbers = plain.partition(b"\n")
        told, arrays, at = json.loads(line), [], 0
        for kind, size in told["arrays"]:
            if kind not in KINDS or type(size) is not int or size < 0:
                raise ValueError(f"no array is of {size} {kind}")
            found = np.frombuffer(numbers, kind, size, at)
            arrays.append(found.astype(np.float64 if kind == "<f8" else np.int64))
            at += found.nbytes
        if at < len(numbers) or not isinstance(told["head"], dict):
            raise ValueError("they hold other things than they say")
        return told["head"], arrays
    except (zlib.error, ValueError, TypeError, KeyError, RecursionError) as problem:
        raise DataError(f"these bytes are no counts that can be read: {problem}") from problem


def _bytes(counts: np.ndarray) -> int:
    return np.min_scalar_type(int(counts.max(initial=0))).itemsize

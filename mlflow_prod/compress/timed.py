"""The process in which a TFLite file is timed: `python timed.py FILE ROWS REQUEST`, times as JSON at the end.

It imports LiteRT and numpy alone, so that nothing else of this product runs beside the file.
"""

import gc
import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

import numpy as np


def main(file: str, rows: str, request: str) -> None:
    """Times the file at `file` on the rows at `rows` (npy) as the JSON in `request` says.

    The last line of standard output holds a list of seconds for each batch size that was asked for.
    """
    from ai_edge_litert.interpreter import Interpreter

    asked = json.loads(request)
    # One processor, the last, as the first serves most interrupts. A container may forbid it.
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    interpreter = Interpreter(model_path=file, num_threads=1)
    inputs = interpreter.get_input_details()
    if len(inputs) != 1:
        sys.exit(f"it has {len(inputs)} inputs, and rows of one were given")
    batches = np.load(rows, allow_pickle=False)
    shape = tuple(inputs[0]["shape"][1:].tolist())
    if batches.shape[1:] != shape:
        sys.exit(f"it reads rows of shape {shape}, got {batches.shape[1:]}")
    batches = _as_read(batches, inputs[0])
    gc.disable()
    taken = [_times(interpreter, _cut(batches, size), asked) for size in asked["sizes"]]
    print(f"\n{json.dumps(taken)}")


def _times(interpreter: Any, batches: list[np.ndarray], asked: dict[str, Any]) -> list[float]:
    """Seconds of each call: rows in, run, answers out."""
    read = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(read, list(batches[0].shape))
    interpreter.allocate_tensors()
    answered = [detail["index"] for detail in interpreter.get_output_details()]

    def times(calls: int, least: int, seconds: float) -> list[float]:
        taken: list[float] = []
        began = time.perf_counter()
        for call in range(calls):
            batch = batches[call % len(batches)]
            start = time.perf_counter()
            interpreter.set_tensor(read, batch)
            interpreter.invoke()
            for index in answered:
                interpreter.get_tensor(index)
            end = time.perf_counter()
            taken.append(end - start)
            if end - began > seconds and len(taken) >= least:
                break
        return taken

    times(asked["warm_up"], 1, asked["seconds"] / 5)
    return times(asked["calls"], asked["least"], asked["seconds"])


def _cut(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Batches of exactly `size` rows, one after another, from the first again where there are too few."""
    count = max(1, len(rows) // size)
    places = np.arange(count * size) % len(rows)
    return [np.ascontiguousarray(rows[part]) for part in np.split(places, count)]


def _as_read(rows: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    dtype = np.dtype(detail["dtype"])
    if dtype.kind == "f":
        return rows.astype(dtype)
    scale, zero = detail["quantization"]
    limits = np.iinfo(dtype)
    return np.clip(np.rint(rows / scale) + zero, limits.min, limits.max).astype(dtype)


if __name__ == "__main__":
    main(*sys.argv[1:])

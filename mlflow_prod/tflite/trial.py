"""Runs TFLite files in forks of itself: a program of its own, started by `check`; it imports LiteRT alone.

Reads requests from standard input until it ends, each a line of JSON (`size` and `memory` in bytes,
`seconds`) and then the file, and answers each with a line of JSON. What a file does to its fork, it does to
no one else.
"""

import itertools
import json
import math
import os
import resource
import select
import signal
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

# Rows and bytes of input in a large batch, as `TFLiteFile` cuts them.
BATCH, BYTES = 256, 1 << 24
# Of the time that is given, what the large batches may take.
SHARE = 0.25
# Bytes of messages that a fork may write, and that are read.
LOG = 1 << 16


def main() -> None:
    """Answers requests until there are no more."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What native code prints must not end up between the answers.
    os.dup2(2, 1)
    while line := source.readline():
        request = json.loads(line)
        answer = attempt(source.read(request["size"]), request["seconds"], request["memory"])
        target.write(json.dumps(answer).encode() + b"\n")
        target.flush()


def attempt(content: bytes, seconds: float, memory: int) -> dict[str, object]:
    """How a fork that ran the file ended: `well`, `late`, by which `signal` (0: none), what it `said`."""
    log, (reads, writes) = os.memfd_create("log"), os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        os.dup2(log, 2)
        os.dup2(log, 1)
        run(content, seconds, memory, writes)
    os.close(writes)
    late = not select.select([reads], [], [], seconds)[0]
    if late:
        os.kill(child, signal.SIGKILL)
    said = b"" if late else os.read(reads, LOG)
    _, status = os.waitpid(child, 0)
    os.close(reads)
    native = os.pread(log, LOG, 0)
    os.close(log)
    ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {
        "well": said == b"+" and not ended,
        "late": late,
        "signal": ended,
        "said": (said[1:] or native).decode(errors="replace").strip(),
    }


def run(content: bytes, seconds: float, memory: int, writes: int) -> None:
    """Tries the file within limits, tells how it went, and ends this process."""
    # The next request is not for the file to read.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, int(seconds) + 2),
        (resource.RLIMIT_FSIZE, LOG),
    ):
        resource.setrlimit(limit, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        try_all(content, time.monotonic() + SHARE * seconds)
        said = b"+"
    except MemoryError:
        said = f"-needs more than {memory / 2**30:.3g} GiB of memory".encode()
    except BaseException as problem:
        said = f"-{problem}".encode(errors="replace")[:LOG]
    os.write(writes, said)
    os._exit(0)


def try_all(content: bytes, until: float) -> None:
    """Runs each signature on zeros in its own size; then, as far as it takes them, on other inputs and sizes.

    Raises what the first runs raise. Later ones are there to be survived: a file may refuse numbers that are
    out of its range, or batches of another size.
    """
    interpreter = Interpreter(model_content=content, num_threads=1)
    keys = list(interpreter.get_signature_list()) or [""]
    for key in keys:
        call = Call(content, key)
        for rows in (0, 1, 2) if call.free else (0,):
            call.run(rows, "zeros")
    for key in keys:
        call = Call(content, key)
        sizes = [0, 2, 3, max(3, min(BATCH, BYTES // max(1, call.bytes)))]
        took = 0.0
        for rows, kind in itertools.product(sizes, ("zeros", "normal", "extreme")):
            start = time.monotonic()
            # As if time grew with rows.
            if start + took * max(1, rows) > until:
                break
            survive(call, rows, kind)
            took = (time.monotonic() - start) / max(1, rows)


def survive(call: "Call", rows: int, kind: str) -> None:
    """Runs, whatever LiteRT then says."""
    try:
        call.run(rows, kind)
    except (ValueError, RuntimeError):
        # An interpreter that failed is not used again.
        call.renew()


class Call:
    """A signature of a file, to be run on made-up inputs; of key "" the main graph of a file without any."""

    def __init__(self, content: bytes, key: str):
        self.content, self.key = content, key
        self.renew()
        details = self.details()
        shapes = [detail["shape_signature"] for detail in details]
        # Whether the file says of itself that it takes any number of rows.
        self.free = bool(shapes) and all(len(shape) and shape[0] == -1 for shape in shapes)
        # Of one row.
        self.bytes = sum(
            np.dtype(detail["dtype"]).itemsize * math.prod(abs(int(size)) for size in detail["shape"][1:])
            for detail in details
        )

    def renew(self) -> None:
        """Loads the file anew."""
        self.interpreter = Interpreter(model_content=self.content, num_threads=1)
        self.runner = self.interpreter.get_signature_runner(self.key) if self.key else None

    def details(self) -> list:
        """Of the inputs."""
        if self.runner is not None:
            return list(self.runner.get_input_details().values())
        return self.interpreter.get_input_details()

    def run(self, rows: int, kind: str) -> None:
        """One inference on `rows` rows, 0 for as many as the file is made for."""
        if self.runner is not None:
            made = {
                name: made_up(detail, rows, kind) for name, detail in self.runner.get_input_details().items()
            }
            self.runner(**made)
            return
        inputs = {detail["index"]: made_up(detail, rows, kind) for detail in self.details()}
        for number, array in inputs.items():
            self.interpreter.resize_tensor_input(number, array.shape)
        self.interpreter.allocate_tensors()
        for number, array in inputs.items():
            self.interpreter.set_tensor(number, array)
        self.interpreter.invoke()
        for detail in self.interpreter.get_output_details():
            self.interpreter.get_tensor(detail["index"])


def made_up(detail: dict, rows: int, kind: str) -> np.ndarray:
    """An input of a kind: `zeros`, `normal` or `extreme`."""
    shape = [abs(int(size)) for size in detail["shape"]]
    if rows and shape:
        shape[0] = rows
    dtype, draw = np.dtype(detail["dtype"]), np.random.default_rng(0)
    if dtype.kind in "SO":
        return np.full(shape, b"" if kind == "zeros" else b"a" * 1000, object)
    if kind == "zeros":
        return np.zeros(shape, dtype)
    if dtype.kind == "f":
        odd = draw.standard_normal(shape)
        return (odd if kind == "normal" else odd * 1e30).astype(dtype)
    if dtype.kind in "iu":
        ends = np.iinfo(dtype)
        low, high = (0, 100) if kind == "normal" else (ends.min, ends.max)
        return draw.integers(low, high, shape, dtype, endpoint=True)
    return draw.integers(0, 2, shape).astype(dtype)


if __name__ == "__main__":
    main()

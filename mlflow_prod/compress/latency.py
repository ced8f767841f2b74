"""How long a TFLite file takes."""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.evidence import Measure
from mlflow_prod.stats import quantile

SIZES = (1, 256)
# Calls that are timed however long they take: fewer have no interval worth the name.
LEAST = 20


def latency(
    content: bytes,
    rows: np.ndarray,
    *,
    calls: int = 1000,
    warm_up: int = 50,
    seconds: float = 5.0,
    timeout: float = 300.0,
) -> list[Measure]:
    """Milliseconds that LiteRT takes to answer one row and 256 rows, with 95% intervals.

    Measures, in order: `p50` and `p95` of a call with one row, `batch_256_p50` and `batch_256_p95` of one
    with 256. A call writes its rows, runs the file and reads the answers. It is timed in a child process of
    one thread, pinned to one processor where the system allows, with nothing but LiteRT in it. The interval
    is exact for any distribution of times (`stats.quantile`); where too few calls were timed for an end of
    it, there is none. It holds for this machine, as busy as it was, and for no other.

    Parameters
    ----------
    content : the file, with one input.
    rows : encoded rows, float32 (n, *shape of one row), n >= 1, taken in turn; quantized before the clock
        starts where the file reads integers.
    calls : timed of each size, >= 100.
    warm_up : calls before these, >= 0, that are not timed.
    seconds : after so many no further call of a size is timed, but 20 are always; a fifth of it to warm up.
    timeout : seconds for the whole child, > 0.

    Raises InvalidParameter, and ModelError where the file cannot be run, ends the child, or is not done
    within `timeout`.
    """
    for name, number, least in (("calls", calls, 100), ("warm_up", warm_up, 0)):
        if number < least:
            raise InvalidParameter(name, f">= {least}", number)
    for name, span in {"seconds": seconds, "timeout": timeout}.items():
        if not span > 0:
            raise InvalidParameter(name, "> 0", span)
    rows = np.asarray(rows)
    if rows.ndim < 2 or len(rows) == 0 or not np.isfinite(rows).all():
        raise InvalidParameter("rows", "at least one encoded row, finite", f"shape {rows.shape}")
    asked = {"sizes": SIZES, "calls": calls, "warm_up": warm_up, "seconds": seconds, "least": LEAST}
    found = []
    for size, taken in zip(SIZES, _timed(content, rows, asked, timeout), strict=True):
        times = np.array(taken) * 1000
        for share in (0.50, 0.95):
            name = f"{'' if size == 1 else f'batch_{size}_'}p{share * 100:.0f}"
            found.append(Measure(name, *quantile(times, share), n=len(times), unit="ms"))
    return found


def _timed(content: bytes, rows: np.ndarray, asked: dict[str, object], timeout: float) -> list[list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        file, data = Path(folder, "model.tflite"), Path(folder, "rows.npy")
        file.write_bytes(content)
        np.save(data, np.ascontiguousarray(rows, np.float32), allow_pickle=False)
        # -P: a file of this room must not stand in for a package.
        script = str(Path(__file__).with_name("timed.py"))
        command = [sys.executable, "-P", script, str(file), str(data), json.dumps(asked)]
        try:
            child = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired as problem:
            raise ModelError(
                f"the TFLite file could not be timed within {timeout:g} s: make it smaller"
            ) from problem
    if child.returncode:
        said = child.stderr.strip().splitlines() or ["no message"]
        ended = f"killed by {signal.Signals(-child.returncode).name}: " if child.returncode < 0 else ""
        raise ModelError(f"the TFLite file cannot be timed: {ended}{said[-1]}")
    times: list[list[float]] = json.loads(child.stdout.splitlines()[-1])
    return times

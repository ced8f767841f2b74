"""Compiled loops on several cores."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import cache

import numba

# How many loops may take. A worker of Spark has fewer than its machine.
CORES = ContextVar("CORES", default=int(numba.config.NUMBA_NUM_THREADS))


def on_all_cores(run: Callable[[slice], None], pieces: int) -> None:
    """Calls `run` with slices that together are range(`pieces`), on CORES threads.

    For loops that let go of Python's lock (numba: nogil) and write to no common place. Not numba's own
    threads: these wait for work at full speed, in the way of whoever reads the next rows, and end the process
    where two threads call them at once, or after a fork.
    """
    cores = CORES.get()
    if min(cores, pieces) < 2:
        run(slice(0, pieces))
        return
    # Smaller shares than one each, since somebody else may hold up a core.
    size = math.ceil(pieces / (2 * cores))
    shares = [slice(start, start + size) for start in range(0, pieces, size)]
    for _ in _threads(os.getpid(), cores).map(run, shares):
        pass


@cache
def _threads(process: int, cores: int) -> ThreadPoolExecutor:
    # By process: threads do not outlive a fork.
    return ThreadPoolExecutor(cores, thread_name_prefix="cells")

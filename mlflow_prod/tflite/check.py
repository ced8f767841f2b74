"""Does a TFLite file run? Tried where it can do no harm."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.tflite.session import explained

IDENTIFIER = b"TFL3"
MEMORY = 8 << 30
TRIAL = Path(__file__).with_name("trial.py")
# Seconds that starting a child, and ending one, may take on a busy machine.
START = 60.0


def check(content: bytes, timeout: float = 60.0, memory: int = MEMORY) -> None:
    """Loads a TFLite file and runs first inferences in a child process; ModelError says why it failed.

    A malformed file can end the process that runs it (SIGABRT), hang it, or ask for more memory than there
    is, and the child is what that happens to. Each signature must run on zeros, in the size it was made for
    and, where it says that it takes any number of rows, on one and two of them. It is then tried with random
    and huge numbers and in larger batches, which it may refuse but must survive. Takes 0.2 to 1 s.

    It is no sandbox: the child has the rights of its parent. Nor is it a proof: a file that was made to fail
    on certain inputs alone can still do so; one that LiteRT's bounds checks miss may read or write memory
    beyond its tensors without ending its process.

    Parameters
    ----------
    content : the file's bytes.
    timeout : seconds that all runs together may take, > 0.
    memory : bytes of address space that they may take, >= 1 GiB.
    """
    with Checker() as checker:
        checker.check(content, timeout, memory)


class Checker:
    """The child process of `check`, kept for many files. For one thread only; a context manager."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._end()

    def check(self, content: bytes, timeout: float = 60.0, memory: int = MEMORY) -> None:
        """As the function `check`; each file is run in a fork of its own."""
        if not timeout > 0:
            raise InvalidParameter("timeout", "> 0", timeout)
        if memory < 1 << 30:
            raise InvalidParameter("memory", ">= 1 GiB, which LiteRT takes with its libraries", memory)
        if content[4:8] != IDENTIFIER:
            raise ModelError(
                f"not a TFLite file: {len(content):,} bytes that do not carry the identifier TFL3"
            )
        request = {"size": len(content), "seconds": timeout, "memory": memory}
        try:
            answer = self._ask(json.dumps(request).encode() + b"\n" + content, START + timeout)
        except OSError as problem:
            lines = self._end().strip().splitlines()[-1:]
            said = "; ".join([str(problem), *lines])
            raise ModelError(f"the TFLite file cannot be tried in a child process: {said}") from problem
        if answer["late"]:
            raise ModelError(f"the TFLite file did not finish its first inferences within {timeout:g} s")
        if not answer["well"]:
            ended = f"killed by {signal.Signals(answer['signal']).name}: " if answer["signal"] else ""
            raise ModelError(f"the TFLite file fails its first inference: {ended}{explained(answer['said'])}")

    def _ask(self, request: bytes, seconds: float) -> dict[str, Any]:
        if self._child is None:
            # -P: a file of the current folder must not stand in for a package. One thread: it forks.
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(TRIAL)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,
            )
        source, target = self._child.stdout, self._child.stdin
        if source is None or target is None:
            raise OSError("it has no pipes")
        target.write(request)
        target.flush()
        line, until = b"", time.monotonic() + seconds
        while not line.endswith(b"\n"):
            if not select.select([source], [], [], max(0.0, until - time.monotonic()))[0]:
                raise OSError(f"no answer within {seconds:g} s")
            part = os.read(source.fileno(), 1 << 16)
            if not part:
                raise OSError(f"it ended with {self._child.wait()}")
            line += part
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _end(self) -> str:
        """Ends the child; what it said of its own troubles."""
        child, self._child = self._child, None
        if child is None:
            return ""
        # A fork of it may still be running.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        return child.communicate()[1].decode(errors="replace")

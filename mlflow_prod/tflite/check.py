"""Does a TFLite file run? Tried where it can do no harm."""

import signal
import subprocess
import sys

from mlflow_prod.errors import ModelError

# Batches of one and two rows: a file may load and fail only when its input is resized.
FIRST_INFERENCE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
import numpy
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_content=sys.stdin.buffer.read(), num_threads=1)
for rows in (1, 2):
    for tensor in interpreter.get_input_details():
        interpreter.resize_tensor_input(tensor["index"], [rows, *tensor["shape"][1:]])
    interpreter.allocate_tensors()
    for tensor in interpreter.get_input_details():
        interpreter.set_tensor(tensor["index"], numpy.zeros(tensor["shape"], tensor["dtype"]))
    interpreter.invoke()
    for tensor in interpreter.get_output_details():
        interpreter.get_tensor(tensor["index"])
"""
IDENTIFIER = b"TFL3"


def check(content: bytes, timeout: float = 60.0) -> None:
    """Loads a TFLite file and runs a first inference in a child process; ModelError says why it failed.

    A malformed file can end the process that runs it (SIGABRT), and the child is what ends. It is no sandbox:
    the child has the rights of its parent. Takes 0.3 to 1 s, `timeout` seconds at most.
    """
    if content[4:8] != IDENTIFIER:
        raise ModelError(f"not a TFLite file: {len(content):,} bytes that do not carry the identifier TFL3")
    # -P: a file of the current folder must not stand in for a package.
    command = [sys.executable, "-P", "-c", FIRST_INFERENCE]
    try:
        child = subprocess.run(command, input=content, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as problem:
        raise ModelError(
            f"the TFLite file did not finish its first inference within {timeout:g} s"
        ) from problem
    if child.returncode:
        lines = child.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        ended = f"killed by {signal.Signals(-child.returncode).name}: " if child.returncode < 0 else ""
        raise ModelError(f"the TFLite file fails its first inference: {ended}{lines[-1]}")

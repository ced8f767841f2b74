"""One interpreter, set up for inputs of certain shapes."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlflow_prod.errors import LONGEST, ModelError
from mlflow_prod.tflite.interface import Interface

Shapes = tuple[tuple[int, ...], ...]
# What LiteRT says of operators that it does not have, and what to do.
LACKING = (
    (
        re.compile(r"Select TensorFlow op|custom op: (Flex\w+)"),
        "it needs TensorFlow's own operators (SELECT_TF_OPS), which LiteRT does not have: "
        "convert the model with TFLITE_BUILTINS alone",
    ),
    (
        re.compile(r"unresolved custom op: ([^\s.]+)"),
        "it needs the custom operator {0}, which LiteRT does not have: convert the model without "
        "allow_custom_ops, or replace what needs the operator",
    ),
    (
        re.compile(r"builtin opcode '(\w+)' version '(\d+)'"),
        "it needs version {1} of the operator {0}, which this LiteRT does not have: update ai-edge-litert",
    ),
)


def interpreter_of(content: bytes, threads: int) -> Any:
    """A new interpreter of a file; ModelError where LiteRT does not take it."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        return Interpreter(model_content=content, num_threads=threads)
    except (ValueError, RuntimeError) as problem:
        raise ModelError(f"the TFLite file cannot be run: {explained(str(problem))}") from problem


class Session:
    """Runs a file on inputs of exactly `shapes`. For one thread only.

    `Interface.numbers` decides how: by numbers of the main graph, some 3 us quicker, or by LiteRT's runner
    of signatures.
    """

    def __init__(self, content: bytes, threads: int, interface: Interface, shapes: Shapes):
        interpreter = interpreter_of(content, threads)
        self._interface, self._shapes = interface, shapes
        self._runner = None
        try:
            if interface.numbers is None:
                self._runner = interpreter.get_signature_runner(interface.key)
            else:
                for number, shape in zip(interface.numbers[0], shapes, strict=True):
                    interpreter.resize_tensor_input(number, shape)
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as problem:
            reason = explained(str(problem))
            raise ModelError(f"the TFLite file cannot be run on {_told(shapes)}: {reason}") from problem
        self._interpreter = interpreter

    def run(self, stored: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The outputs, as the file has them, for inputs of its own types; ModelError where it fails."""
        try:
            if self._runner is not None:
                names = (tensor.name for tensor in self._interface.inputs)
                found = self._runner(**dict(zip(names, stored, strict=True)))
                return [found[tensor.name] for tensor in self._interface.outputs]
            inputs, outputs = self._interface.numbers or ((), ())
            for number, array in zip(inputs, stored, strict=True):
                self._interpreter.set_tensor(number, array)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(number) for number in outputs]
        except (ValueError, RuntimeError) as problem:
            raise self.failure(problem) from problem

    def failure(self, problem: Exception) -> ModelError:
        """What to raise where LiteRT fails."""
        return ModelError(f"the TFLite file failed on {_told(self._shapes)}: {problem}")

    def ends(self) -> tuple[Any, int, int] | None:
        """(interpreter, numbers of its input and output) for calls past `run`; None where it has several."""
        numbers = self._interface.numbers
        if numbers is None or (len(numbers[0]), len(numbers[1])) != (1, 1):
            return None
        return self._interpreter, numbers[0][0], numbers[1][0]


def explained(said: str) -> str:
    """What LiteRT said, in one line; with what to do where an operator is missing."""
    for pattern, words in LACKING:
        if found := pattern.search(said):
            return words.format(*found.groups())
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("INFO:")]
    return " ".join(lines[-3:])[:LONGEST] or "no message"


def _told(shapes: Shapes) -> str:
    return f"inputs of shape {', '.join(map(str, shapes))}"

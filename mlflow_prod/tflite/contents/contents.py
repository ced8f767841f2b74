"""What a TFLite file holds and costs, read from the file itself."""

import gzip
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from mlflow_prod.tflite.contents.cost import arena, moved, multiply_adds
from mlflow_prod.tflite.contents.graph import Graph, Tensor, parse
from mlflow_prod.tflite.contents.kernels import Kernel, kernels


@dataclass(frozen=True)
class Contents:
    """What a file holds and costs.

    Parameters
    ----------
    bytes, gzip : its size, and what is left of it by gzip at level 9.
    operators : how many of each, by name.
    inputs, outputs : of the main graph.
    signatures : (names of inputs, names of outputs) by key; empty where the file has none.
    kernels : in the order of the operators.
    multiply_adds, moved, arena : for one row; see `cost`.
    custom : operators that are nobody's standard.
    """

    bytes: int
    gzip: int
    operators: dict[str, int]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    signatures: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    kernels: tuple[Kernel, ...]
    multiply_adds: int
    moved: int
    arena: int
    custom: tuple[str, ...]

    @property
    def largest(self) -> str:
        """Type of the kernel with the most weights; "" where the file has none."""
        return max(self.kernels, key=lambda kernel: kernel.weights).dtype if self.kernels else ""

    @property
    def float_kernels(self) -> tuple[str, ...]:
        """Operators with a kernel that compute in floats."""
        return tuple(kernel.operator for kernel in self.kernels if kernel.computes.startswith("float"))

    @property
    def all_integer(self) -> bool:
        """Whether every operator with a kernel computes in integers."""
        return bool(self.kernels) and not self.float_kernels

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values, for `MLmodel`."""
        return {
            "bytes": self.bytes,
            "gzip": self.gzip,
            "operators": dict(self.operators),
            "inputs": [_described(tensor) for tensor in self.inputs],
            "outputs": [_described(tensor) for tensor in self.outputs],
            "signatures": {
                key: {"inputs": list(inputs), "outputs": list(outputs)}
                for key, (inputs, outputs) in self.signatures.items()
            },
            "kernels": dict(Counter(kernel.dtype for kernel in self.kernels)),
            "multiply_adds": self.multiply_adds,
            "moved": self.moved,
            "arena": self.arena,
            "custom": list(self.custom),
        }


def contents(content: bytes) -> Contents:
    """What a TFLite file holds and costs; ModelError where it cannot be read.

    For files that this process made, or that `check` has run: reading a malformed one may take long.
    """
    parsed = parse(content)
    main = parsed.graphs[0]
    return Contents(
        bytes=len(content),
        gzip=len(gzip.compress(content, 9, mtime=0)),
        operators=dict(
            sorted(Counter(one.name for graph in parsed.graphs for one in graph.operators).items())
        ),
        inputs=_tensors(main, main.inputs),
        outputs=_tensors(main, main.outputs),
        signatures=parsed.signatures,
        kernels=tuple(kernel for graph in parsed.graphs for kernel in kernels(graph)),
        multiply_adds=sum(map(multiply_adds, parsed.graphs)),
        moved=sum(map(moved, parsed.graphs)),
        arena=max(map(arena, parsed.graphs)),
        custom=parsed.custom,
    )


def _tensors(graph: Graph, numbers: tuple[int, ...]) -> tuple[Tensor, ...]:
    return tuple(graph.tensors[number] for number in numbers)


def _described(tensor: Tensor) -> dict[str, Any]:
    told = asdict(tensor) | {"shape": list(tensor.shape)}
    quantization = {name: list(told.pop(name)) for name in ("scales", "zeros")}
    return told | (quantization if tensor.scales else {})

"""The graph of a TFLite file, as plain records."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from mlflow_prod.errors import ModelError

# Of the types that numpy has; packed and text ones are read apart, or not at all.
NUMPY = {
    "float32": np.float32,
    "float16": np.float16,
    "float64": np.float64,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
    "uint64": np.uint64,
    "bool": np.bool_,
}
RETYPES = ("QUANTIZE", "DEQUANTIZE")
BITS = {"int4": 4, "uint4": 4, "int2": 2, "bfloat16": 16, "complex64": 64, "complex128": 128}


@dataclass(frozen=True)
class Tensor:
    """A tensor of a file.

    Parameters
    ----------
    name : as the file has it.
    shape : sizes, -1 where any will do.
    dtype : such as `float32`, `int8`, `int4`, `string`.
    scales, zeros : real = (stored - zero) * scale; one, or one for each channel; empty where not quantized.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...] = ()
    zeros: tuple[int, ...] = ()

    @property
    def elements(self) -> int:
        """Numbers in it for one row: sizes that are free count as 1."""
        return int(np.prod([max(1, size) for size in self.shape], dtype=np.int64))

    @property
    def size(self) -> int:
        """Bytes of it for one row; 0 of texts, whose size no file says."""
        bits = BITS.get(self.dtype) or 8 * np.dtype(NUMPY.get(self.dtype, np.void)).itemsize
        return (self.elements * bits + 7) // 8


@dataclass(frozen=True)
class Operator:
    """A step of a graph: its name, and the numbers of the tensors it reads and writes, -1 where left out."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """One subgraph.

    Parameters
    ----------
    tensors, operators : by number, the operators in the order in which they run.
    inputs, outputs : numbers of the tensors that go in and come out.
    stored : what the file holds of a constant tensor, uint8, by its number.
    axes : the dimension along which a tensor's scales run, by its number.
    sparse : numbers of the tensors that are stored without their zeros.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    stored: dict[int, np.ndarray]
    axes: dict[int, int]
    sparse: frozenset[int]

    def source(self, number: int) -> int:
        """The tensor whose numbers this one has in another type.

        A kernel of float16 is stored as such and widened before its operator, one that was trained for
        integers is rounded and widened.
        """
        for _ in self._retyped:
            # A malformed file may lead round and round.
            number = self._retyped.get(number, number)
        return number

    @cached_property
    def _retyped(self) -> dict[int, int]:
        return {one.outputs[0]: one.inputs[0] for one in self.operators if one.name in RETYPES}


@dataclass(frozen=True)
class Parsed:
    """A whole file: its graphs, the first of which is the main one, and what its signatures name.

    `signatures` maps a key to (names of inputs, names of outputs); `custom` names operators that are nobody's
    standard.
    """

    graphs: tuple[Graph, ...]
    signatures: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    custom: tuple[str, ...]


def parse(content: bytes) -> Parsed:
    """Reads a file; ModelError where it cannot be read.

    Reads in this process, and what a malformed file makes of that is slow at worst; whether it runs is for
    `check` to say.
    """
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        names = [_operator(schema, code) for code in model.operatorCodes]
        graphs = tuple(_graph(schema, model, graph, names, content) for graph in model.subgraphs)
        if not graphs:
            raise ModelError("the TFLite file has no graph")
        return Parsed(
            graphs, dict(_signature(one) for one in model.signatureDefs or []), tuple(_custom(model))
        )
    except ModelError:
        raise
    except Exception as problem:
        # The reader follows offsets wherever they lead, and fails in as many ways.
        raise ModelError(f"the TFLite file cannot be read: {problem!r}") from problem


def _operator(schema: Any, code: Any) -> str:
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return _names(schema.BuiltinOperator).get(number, f"OPERATOR_{number}")


def _custom(model: Any) -> list[str]:
    return sorted(
        {code.customCode.decode(errors="replace") for code in model.operatorCodes if code.customCode}
    )


def _signature(signature: Any) -> tuple[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    inputs, outputs = (
        tuple(one.name.decode(errors="replace") for one in named or [])
        for named in (signature.inputs, signature.outputs)
    )
    return (signature.signatureKey or b"").decode(errors="replace"), (inputs, outputs)


def _graph(schema: Any, model: Any, graph: Any, names: list[str], content: bytes) -> Graph:
    types = _names(schema.TensorType)
    tensors, stored, axes, sparse = [], {}, {}, set()
    for number, tensor in enumerate(graph.tensors):
        tensors.append(_tensor(tensor, types[tensor.type].lower()))
        data = _data(model.buffers[tensor.buffer], content)
        if len(data):
            stored[number] = data
        if tensor.quantization is not None:
            axes[number] = tensor.quantization.quantizedDimension
        if tensor.sparsity is not None:
            sparse.add(number)
    operators = tuple(
        Operator(names[one.opcodeIndex], _numbers(one.inputs), _numbers(one.outputs))
        for one in graph.operators or []
    )
    ends = _numbers(graph.inputs), _numbers(graph.outputs)
    return Graph(tuple(tensors), operators, *ends, stored, axes, frozenset(sparse))


def _tensor(tensor: Any, dtype: str) -> Tensor:
    signed = tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape
    quantization = tensor.quantization
    scales = None if quantization is None else quantization.scale
    zeros = None if quantization is None else quantization.zeroPoint
    return Tensor(
        (tensor.name or b"").decode(errors="replace"),
        _numbers(signed),
        dtype,
        () if scales is None else tuple(float(scale) for scale in scales),
        _numbers(zeros),
    )


def _data(buffer: Any, content: bytes) -> np.ndarray:
    if buffer.offset > 1:
        # Of a file beyond 2 GB the constants stand behind the graph.
        return np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
    return np.empty(0, np.uint8) if buffer.data is None else np.asarray(buffer.data, np.uint8)


def _numbers(array: Any) -> tuple[int, ...]:
    return () if array is None else tuple(int(number) for number in array)


@cache
def _names(enum: type) -> dict[int, str]:
    return {code: name for name, code in vars(enum).items() if not name.startswith("_")}

"""The kernels of a TFLite file: in which type, how sparse, of how many different weights."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlflow_prod.tflite.contents.graph import NUMPY, Graph, Operator

# (input that holds the data, inputs that hold kernels) of the operators that work with stored weights.
KERNEL_OPERATORS = {
    "CONV_2D": (0, (1,)),
    "CONV_3D": (0, (1,)),
    "DEPTHWISE_CONV_2D": (0, (1,)),
    "FULLY_CONNECTED": (0, (1,)),
    "TRANSPOSE_CONV": (2, (1,)),
    "BATCH_MATMUL": (0, (1,)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (0, (1, 2, 3, 4, 5, 6, 7, 8)),
    "GATHER": (0, (0,)),
    "EMBEDDING_LOOKUP": (1, (1,)),
}


@dataclass(frozen=True)
class Kernel:
    """A stored kernel.

    Parameters
    ----------
    operator : that multiplies by it, such as `CONV_2D`.
    dtype : in which it is stored, such as `float32`, `float16`, `int8`, `int4`.
    shape : as stored.
    weights : how many.
    sparsity : share of the weights that are 0.
    distinct : the most different values, 0 included, among the weights that share a scale: all of them, or
        where each channel has a scale of its own those of a channel.
    computes : type of the data that the operator reads: `float32`, `int8`, `int16`.
    """

    operator: str
    dtype: str
    shape: tuple[int, ...]
    weights: int
    sparsity: float
    distinct: int
    computes: str


def kernels(graph: Graph) -> Iterator[Kernel]:
    """The kernels of a graph in the order of its operators; a shared one once for each operator."""
    for operator in graph.operators:
        data, places = KERNEL_OPERATORS.get(operator.name, (0, ()))
        for place in places:
            number = graph.source(_read(operator, place))
            if number in graph.stored:
                yield _kernel(graph, operator, number, graph.tensors[_read(operator, data)].dtype)


def _read(operator: Operator, place: int) -> int:
    return operator.inputs[place] if place < len(operator.inputs) else -1


def _kernel(graph: Graph, operator: Operator, number: int, computes: str) -> Kernel:
    tensor = graph.tensors[number]
    values = _values(graph.stored[number], tensor.dtype)
    count = tensor.elements
    if number in graph.sparse:
        # Stored without its zeros.
        zero, apart = count - len(values), len(np.unique(values)) + 1
    else:
        values = values[:count] - np.asarray(tensor.zeros[0] if tensor.zeros else 0, values.dtype)
        zero = count - int(np.count_nonzero(values))
        apart = _distinct(values, tensor.shape, len(tensor.scales), graph.axes.get(number, 0))
    return Kernel(operator.name, tensor.dtype, tensor.shape, count, zero / count, apart, computes)


def _distinct(values: np.ndarray, shape: tuple[int, ...], scales: int, axis: int) -> int:
    if scales <= 1 or shape[axis] != scales:
        return len(np.unique(values))
    channels = np.moveaxis(values.reshape(shape), axis, 0).reshape(scales, -1)
    return 1 + int((np.diff(np.sort(channels, axis=1), axis=1) != 0).sum(axis=1).max(initial=0))


def _values(stored: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "int4":
        # Two to a byte, the lower half first, each with its sign.
        halves = np.stack([stored << 4, stored], axis=-1).reshape(-1).view(np.int8)
        return halves >> 4
    if dtype == "int2":
        quarters = np.stack([stored << 6, stored << 4, stored << 2, stored], axis=-1).reshape(-1)
        return quarters.view(np.int8) >> 6
    return stored.view(NUMPY.get(dtype, np.uint8))

"""What a SavedModel folder offers, read from its graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from mlflow_prod.errors import ModelError

DEFAULT = "serving_default"
CALLS = ("PartitionedCall", "StatefulPartitionedCall")


@dataclass(frozen=True)
class Input:
    """An input of a signature.

    Parameters
    ----------
    name : in the signature.
    shape : of one row.
    dtype : numpy's name of it.
    batch : rows of every batch, 0 where any number will do.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    batch: int = 0


Signatures: TypeAlias = Mapping[str, tuple[Input, ...]]


def signatures_of(folder: Path) -> Signatures:
    """The inputs of a SavedModel's signatures by key; signatures that compute the same are told once.

    Keras writes what it exports under two names; of such ones `serving_default` stays, else the first by
    name. Reads the graph alone: nothing is loaded or run. ModelError where there is no SavedModel, none of
    its signatures has inputs, or one is of no fixed size or of no numbers.
    """
    graph = _graph(folder)
    found: dict[str, tuple[Input, ...]] = {}
    computed = set()
    for key in sorted(graph.signature_def, key=lambda key: (key != DEFAULT, key)):
        signature = graph.signature_def[key]
        # TensorFlow's own, by which a folder is loaded, have no inputs.
        if not signature.inputs or (same := _computes(graph, signature)) in computed:
            continue
        computed.add(same)
        found[key] = tuple(_input(key, name, signature.inputs[name]) for name in sorted(signature.inputs))
    if not found:
        raise ModelError(
            f"the SavedModel {folder} has no signature; save it with signatures={{'{DEFAULT}': function}}"
        )
    return found


def _graph(folder: Path) -> Any:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    try:
        graphs = SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs
    except (OSError, DecodeError) as problem:
        raise ModelError(
            f"{folder} is no SavedModel folder, which holds a file saved_model.pb: {problem}"
        ) from problem
    for graph in graphs:
        if "serve" in graph.meta_info_def.tags:
            return graph
    raise ModelError(f"the SavedModel {folder} has no graph with the tag 'serve'")


def _computes(graph: Any, signature: Any) -> tuple[str, ...]:
    """The functions that give a signature's outputs, beneath the wrapper that each signature has."""
    nodes = {node.name: node for node in graph.graph_def.node}
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    named = []
    for output in sorted(signature.outputs):
        tensor = signature.outputs[output].name
        node = nodes.get(tensor.split(":")[0])
        wrapper = functions.get(node.attr["f"].func.name) if node and node.op in CALLS else None
        inner = [each.attr["f"].func.name for each in wrapper.node_def if each.op in CALLS] if wrapper else []
        place = tensor.rpartition(":")[2]
        named.append(f"{output} {inner[0]} {place}" if len(inner) == 1 else f"{output} {tensor}")
    return tuple(named)


def _input(key: str, name: str, told: Any) -> Input:
    import tensorflow as tf

    dtype = tf.as_dtype(told.dtype).base_dtype
    if dtype == tf.string:
        raise ModelError(
            f"input {name!r} of signature {key!r} is text, and TFLite files work on numbers; "
            "leave what reads text out of the network"
        )
    sizes = [-1] if told.tensor_shape.unknown_rank else [size.size for size in told.tensor_shape.dim]
    if not sizes or -1 in sizes[1:] or told.tensor_shape.unknown_rank:
        shape = "of no known rank" if told.tensor_shape.unknown_rank else _told(sizes)
        raise ModelError(
            f"input {name!r} of signature {key!r} must have a batch and a fixed size beyond it, got {shape}; "
            "a TFLite file plans its memory for rows of one size: build the network with that size"
        )
    return Input(name, tuple(sizes[1:]), dtype.name, max(0, sizes[0]))


def _told(sizes: Sequence[int]) -> str:
    return f"({', '.join('None' if size < 0 else str(size) for size in sizes)})"

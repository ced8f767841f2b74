"""The calls that a functional network consists of, read from either side."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlflow_prod.models.bridge.refused import refused
from mlflow_prod.models.bridge.side import Side


@dataclass(frozen=True)
class Call:
    """One call of a layer; a shared layer has several.

    Parameters
    ----------
    layer : of the side that the network is of.
    args, kwargs : given to it, with symbolic tensors at any depth.
    outputs : the symbolic tensors that it gave, in flat order.
    """

    layer: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Any]


@dataclass(frozen=True)
class Graph:
    """Symbolic tensors that a network reads and gives, as it nests them, and the calls between, in order."""

    inputs: Any
    outputs: Any
    calls: tuple[Call, ...]


def read(network: Any, side: Side) -> Graph:
    """The graph of a functional network; calls that no output needs are left out. Raises ModelError."""
    nodes = [
        node
        for depth in sorted(network._nodes_by_depth, reverse=True)
        for node in network._nodes_by_depth[depth]
        if not node.is_input
    ]
    if side.name == "keras":
        inputs, outputs = network._inputs_struct, network._outputs_struct
        every = list(map(_of_keras, nodes))
    else:
        inputs, outputs = network.input, network.output
        every = [_of_tf_keras(node, side) for node in nodes]
    needed = {id(tensor) for tensor in flat(outputs)}
    calls = []
    for call in reversed(every):
        if needed & {id(tensor) for tensor in call.outputs}:
            calls.append(call)
            needed |= {id(leaf) for leaf in flat([call.args, call.kwargs])}
    calls.reverse()
    _check_masks(calls)
    return Graph(inputs, outputs, tuple(calls))


def mapped(function: Callable[[Any], Any], nested: Any) -> Any:
    """`nested` with `function` of each leaf, in plain dicts, lists and tuples."""
    if isinstance(nested, dict):
        return {key: mapped(function, value) for key, value in nested.items()}
    if isinstance(nested, list | tuple):
        items = [mapped(function, item) for item in nested]
        return tuple(items) if isinstance(nested, tuple) else items
    return function(nested)


def flat(nested: Any) -> list[Any]:
    """The leaves, in the order in which both sides count a layer's outputs: dicts by sorted keys."""
    if isinstance(nested, dict):
        return [leaf for key in sorted(nested) for leaf in flat(nested[key])]
    if isinstance(nested, list | tuple):
        return [leaf for item in nested for leaf in flat(item)]
    return [nested]


def _check_masks(calls: list[Call]) -> None:
    if not any(getattr(call.layer, "mask_zero", False) or _is(call, "Masking") for call in calls):
        return
    readers = Counter(
        leaf for call in calls for leaf in {id(leaf) for leaf in flat([call.args, call.kwargs])}
    )
    for call in calls:
        if _is(call, "MultiHeadAttention") and any(
            readers[id(leaf)] > 1
            for leaf in flat([call.args, call.kwargs])
            if hasattr(leaf, "_keras_history")
        ):
            # In Keras 3 it takes the mask off what it reads, so that who reads it next sees none.
            raise refused(
                call.layer,
                "it reads what another layer reads too, in a network with masks, which the two sides then "
                "hand on otherwise",
                "drop mask_zero or Masking, or use a converter without training steps",
            )


def _is(call: Call, kind: str) -> bool:
    return type(call.layer).__name__ == kind


def _of_keras(node: Any) -> Call:
    # Keras 3 notes down in each call the masks that it made itself, and `training`, which it then overrules
    # by that of the whole network; tf_keras makes and hands on both by itself.
    automatic = {id(getattr(tensor, "_keras_mask", None)) for tensor in node.input_tensors}
    kwargs = {
        name: value
        for name, value in node.arguments.kwargs.items()
        if name != "training"
        and not (name.endswith("mask") and {id(leaf) for leaf in flat(value)} <= automatic)
    }
    return Call(node.operation, node.arguments.args, kwargs, node.outputs)


def _of_tf_keras(node: Any, side: Side) -> Call:
    args, kwargs = tuple(node.call_args), dict(node.call_kwargs)
    if kwargs.pop("training", None):
        raise refused(
            node.layer,
            "it is called with training=True, which Keras 3 does not hold on to",
            "build the network without it",
        )
    layers = side.module.layers
    if isinstance(node.layer, layers.RNN | layers.Bidirectional) and isinstance(args[0], list | tuple):
        # The states that it starts from, which tf_keras puts behind the sequence.
        args, kwargs = (args[0][0],), {"initial_state": list(args[0][1:]), **kwargs}
    return Call(node.layer, args, kwargs, flat(node.outputs))

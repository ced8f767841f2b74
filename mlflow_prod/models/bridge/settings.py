"""One layer's settings in the words of the other side."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlflow_prod.errors import shown
from mlflow_prod.models.bridge.refused import refused
from mlflow_prod.models.bridge.rules import ANY, EVERY, RULES, Rule
from mlflow_prod.models.bridge.side import Side

# Known to both sides under this name, and equal. Not `hard_sigmoid`: Keras 3 divides by 6, tf_keras by 5.
ACTIVATIONS = (
    "elu", "exponential", "gelu", "leaky_relu", "linear", "log_softmax", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh",
)  # fmt: skip
# Parameters of initializers that one side alone has, with the value under which both do the same.
INITIALIZERS: Mapping[str, Any] = {"input_axes": None, "output_axes": None}


def rule_of(layer: Any, source: Side) -> Rule:
    """The rule of a layer's type; ModelError for a layer that does not cross."""
    kind = type(layer).__name__
    if not isinstance(layer, source.module.layers.Layer):
        raise refused(
            layer,
            "it is an operation and no layer",
            "use a layer in its place, such as keras.layers.Add, or a converter without training steps",
        )
    if kind not in RULES or type(layer) is not getattr(source.module.layers, kind, None):
        raise refused(
            layer,
            "it is none of the layers that both sides have",
            "replace it by one of Keras's own, strip what tfmot put around it, or use a converter without "
            "training steps",
        )
    return RULES[kind]


def settings(layer: Any, source: Side, target: Side) -> dict[str, Any]:
    """What to give the other side's class, inner layers aside; ModelError for what it cannot do."""
    rule = rule_of(layer, source)
    config = dict(layer.get_config())
    if source.name == "tf_keras":
        config |= {name: getattr(layer, name) for name in rule.unsaid if name not in config}
    own = {**getattr(EVERY, source.name), **getattr(rule, source.name)}
    names: Mapping[str, str] = rule.renamed
    if source.name == "tf_keras":
        names = {theirs: ours for ours, theirs in names.items()}
    crossed: dict[str, Any] = {}
    for name, value in config.items():
        if name in rule.inner or name == "trainable":
            continue
        value = _plain(value)
        if name in own:
            if own[name] is not ANY and value != own[name]:
                raise refused(layer, f"{target.name} has no {name}={shown(value)}", f"set it to {own[name]}")
            continue
        crossed[names.get(name, name)] = _crossed(layer, name, value, target)
    return crossed


def _crossed(layer: Any, name: str, value: Any, target: Side) -> Any:
    if name == "dtype":
        return value if type(layer).__name__ == "InputLayer" else _dtype(layer)
    if name.endswith("activation"):
        return _activation(layer, name, value)
    if name.endswith(("initializer", "regularizer", "constraint")):
        return _object(layer, name, value, target)
    if name == "axis" and type(layer).__name__ == "BatchNormalization" and isinstance(value, list):
        # tf_keras keeps the one axis as a list once the layer is built.
        (value,) = value
    return value


def _dtype(layer: Any) -> str:
    policy = (getattr(layer, "dtype_policy", None) or layer._dtype_policy).name
    if policy != "float32":
        raise refused(
            layer,
            f"its dtype policy is {shown(policy)}, and only float32 crosses",
            "build the network again under float32 and set its weights, which tfmot then quantizes",
        )
    return "float32"


def _activation(layer: Any, name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise refused(
            layer,
            f"its {name} {shown(value)} is none that both sides know as the same",
            f"take one of {', '.join(ACTIVATIONS)}, or put it into a layer of its own",
        )
    return value


def _object(layer: Any, name: str, value: Any, target: Side) -> Any:
    if value is None:
        return None
    family = getattr(target.module, f"{name.rpartition('_')[2]}s")
    kind = value["class_name"]
    known = getattr(family, kind, None)
    if known is None or value.get("registered_name") not in (None, kind):
        raise refused(layer, f"{target.name} has no {name} {shown(kind)}", "take one of Keras's own")
    given = {}
    for key, setting in value["config"].items():
        if key not in INITIALIZERS:
            given[key] = _plain(setting)
        elif setting != INITIALIZERS[key]:
            raise refused(layer, f"its {name} has {key}={shown(setting)}", f"set it to {INITIALIZERS[key]}")
    return known(**given)


def _plain(value: Any) -> Any:
    """Without what tf_keras wraps lists in; numbers that it keeps as float32 in their shortest decimals."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and float(np.float32(value)) == value:
        return float(str(np.float32(value)))
    return value

"""The layers of tf_keras models: which of them a step treats, and copies with some of them wrapped."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from mlflow_prod.errors import ModelError
from mlflow_prod.models.bridge import tf_keras as legacy

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras

# Words in the names of the weights that make a model large; biases and statistics are not among them.
KERNELS = ("kernel", "embeddings")


def leaves(network: "tf_keras.Model") -> Iterator["tf_keras.layers.Layer"]:
    """The layers that are no models, those of models within the model included."""
    for layer in network.layers:
        if isinstance(layer, legacy().Model):
            yield from leaves(layer)
        else:
            yield layer


def treated(
    network: "tf_keras.Model",
    weights_of: Callable[["tf_keras.layers.Layer"], "list[tf.Variable] | None"],
    doing: str,
) -> "dict[str, list[tf.Variable]]":
    """The kernels that a step treats, by the name of their layer.

    `weights_of` says which weights of a layer they are, None where the step does not know the layer. Layers
    that are not trainable are left alone, and kernels of depthwise convolutions: they are small, and the
    network depends on them. ModelError, telling what the step is `doing`, where another layer has a kernel
    that it cannot treat, or none has one.
    """
    found = {}
    for layer in leaves(network):
        if not layer.trainable:
            continue
        weights = weights_of(layer)
        kind = type(layer).__name__
        kernels = [weight for weight in layer.weights if any(word in weight.name for word in KERNELS)]
        if weights:
            found[layer.name] = weights
        elif kernels and not kind.startswith(("Depthwise", "Separable")):
            raise ModelError(
                f"{doing}: layer {layer.name} is a {kind}, which TensorFlow's Model Optimization Toolkit "
                "cannot treat: replace the layer, or choose a recipe without this step"
            )
    if not found:
        raise ModelError(f"{doing}: no trainable layer of {network.name} has a kernel")
    return found


def copied(network: "tf_keras.Model", seed: int) -> "tf_keras.Model":
    """The same model with variables of its own; what is random in its layers depends on `seed` alone."""
    draw = np.random.default_rng(seed)

    def fresh(layer: "tf_keras.layers.Layer") -> "tf_keras.layers.Layer":
        config = layer.get_config()
        if "seed" in config:
            config["seed"] = int(draw.integers(2**31 - 1))
        return type(layer).from_config(config)

    copy = rebuilt(network, fresh)
    copy.set_weights(network.get_weights())
    return copy


def rebuilt(
    network: "tf_keras.Model", change: Callable[["tf_keras.layers.Layer"], "tf_keras.layers.Layer"]
) -> "tf_keras.Model":
    """The model's graph anew over the layers that `change` gives for its own, which may be the same ones."""

    def changed(layer: "tf_keras.layers.Layer") -> "tf_keras.layers.Layer":
        return rebuilt(layer, change) if isinstance(layer, legacy().Model) else change(layer)

    return legacy().models.clone_model(network, clone_function=changed)

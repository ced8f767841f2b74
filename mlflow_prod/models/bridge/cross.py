"""A network rebuilt on the other side, layer by layer, with the same weights."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlflow_prod.errors import ModelError, shown
from mlflow_prod.models.bridge.graph import flat, mapped, read
from mlflow_prod.models.bridge.refused import refused
from mlflow_prod.models.bridge.settings import rule_of, settings
from mlflow_prod.models.bridge.side import Side, sides

if TYPE_CHECKING:
    import keras
    import tf_keras

# What TensorFlow lets a layer be called.
NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")


def to_tf_keras(network: "keras.Model") -> "tf_keras.Model":
    """The same network in tf_keras, not compiled: names, settings, trainable flags, weights and outputs.

    For Sequential and functional networks of Keras's own layers, with several inputs and outputs, shared
    layers and nested networks. Outputs agree to 1e-6 of their scale. It is a copy: training it leaves
    `network` as it is. Raises ModelError, naming the layer and its type, for what tf_keras has no equal of:
    custom layers, Lambda, operations that are no layers (`x + y`, `keras.ops`), dtype policies other than
    float32, activations that the two sides compute otherwise.
    """
    keras, tf_keras = sides()
    return _Crossing(keras, tf_keras).whole(network)


def from_tf_keras(network: "tf_keras.Model") -> "keras.Model":
    """The same network in Keras 3, not compiled; see `to_tf_keras`.

    Wrappers that tfmot puts around layers do not cross: strip them first.
    """
    keras, tf_keras = sides()
    return _Crossing(tf_keras, keras).whole(network)


class _Crossing:
    """One network on its way; remembers what crossed, so that what was shared stays shared."""

    def __init__(self, source: Side, target: Side):
        self.source = source
        self.target = target
        self.crossed: dict[int, tuple[Any, Any]] = {}

    def whole(self, network: Any) -> Any:
        if not isinstance(network, self.source.module.Model):
            raise ModelError(
                f"only a {self.source.name} model crosses to {self.target.name}, got {shown(network)}"
            )
        new = self.network(network)
        for old, made in self.crossed.values():
            self._copy_weights(old, made)
        self._copy_flags(network, new)
        return new

    def network(self, network: Any) -> Any:
        self._check(network)
        module = self.target.module
        if isinstance(network, self.source.module.Sequential):
            start = self._input(network.inputs[0])
            layers = [self.layer(layer) for layer in network.layers]
            return self._built(network, module.Sequential, [start, *layers], name=network.name)
        graph = read(network, self.source)
        tensors = {id(tensor): self._input(tensor) for tensor in flat(graph.inputs)}

        def there(leaf: Any) -> Any:
            return tensors.get(id(leaf), leaf)

        for call in graph.calls:
            args, kwargs = mapped(there, call.args), mapped(there, call.kwargs)
            outputs = self._built(call.layer, self.layer(call.layer), *args, **kwargs)
            tensors |= {id(old): new for old, new in zip(call.outputs, flat(outputs), strict=True)}
        inputs, outputs = mapped(there, graph.inputs), mapped(there, graph.outputs)
        return self._built(network, module.Model, inputs, outputs, name=network.name)

    def layer(self, layer: Any) -> Any:
        if id(layer) not in self.crossed:
            if self.target.name == "tf_keras" and not NAME.fullmatch(layer.name):
                raise refused(layer, "TensorFlow takes no such name", f"rename it, to match {NAME.pattern}")
            made = self.network(layer) if isinstance(layer, self.source.module.Model) else self._made(layer)
            self.crossed[id(layer)] = (layer, made)
        return self.crossed[id(layer)][1]

    def _made(self, layer: Any) -> Any:
        rule = rule_of(layer, self.source)
        given = settings(layer, self.source, self.target)
        for name, kept in rule.inner.items():
            given[name] = mapped(self._side if rule.copies_inner else self.layer, getattr(layer, kept))
        return self._built(layer, getattr(self.target.module.layers, type(layer).__name__), **given)

    def _side(self, layer: Any) -> Any:
        """A direction of a Bidirectional, which copies what it is given: nothing to remember."""
        made = self._made(layer)
        if self.target.name == "tf_keras":
            # It puts the prefix before any name.
            made._name = layer.name.removeprefix("forward_").removeprefix("backward_")
        return made

    def _input(self, tensor: Any) -> Any:
        layer = tensor._keras_history[0]
        given = settings(layer, self.source, self.target)
        return self._built(layer, self.target.module.Input, batch_shape=tuple(tensor.shape), **given)

    def _built(self, crossing: Any, make: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return make(*args, **kwargs)
        except Exception as problem:
            # Each class raises what it likes about settings and inputs that it does not take.
            said = " ".join(str(problem).split())
            raise refused(crossing, f"{self.target.name} says: {said}") from problem

    def _check(self, network: Any) -> None:
        own = (self.source.functional, self.source.module.Sequential)
        if not isinstance(network, own) or type(network).call not in {kind.call for kind in own}:
            raise refused(
                network,
                "it is computed by code of its own",
                "build it from layers, Sequential or functional, or use a converter without training steps",
            )
        if not network.built or not getattr(network, "inputs", None):
            raise refused(
                network, "it is not built yet", "start it with keras.Input, or call it on data first"
            )

    def _copy_weights(self, old: Any, new: Any) -> None:
        if isinstance(old, self.source.module.Model):
            # Its layers are among what crossed.
            return
        if inner := self._inner(old, new):
            for pair in inner:
                self._copy_weights(*pair)
            return
        if old.trainable and not all(part.trainable for part in old._flatten_layers(include_self=False)):
            # Such weights tf_keras counts in another order.
            raise refused(
                old, "a part of it is frozen by itself", "freeze the layer as a whole, or not at all"
            )
        values = old.get_weights()
        shapes = [weight.shape for weight in values]
        if (made := [tuple(weight.shape) for weight in new.weights]) != shapes:
            raise refused(old, f"its weights have shapes {shapes}, in {self.target.name} {made}")
        new.set_weights(values)
        if isinstance(new, self.target.module.layers.Normalization):
            # It computes with copies of its weights.
            new.finalize_state()

    def _copy_flags(self, old: Any, new: Any) -> None:
        # From outside in: setting a flag sets that of all inside.
        if new.trainable != old.trainable:
            new.trainable = old.trainable
        if isinstance(old, self.source.module.Model):
            inner = [self.crossed[id(layer)] for layer in old.layers if id(layer) in self.crossed]
        else:
            inner = self._inner(old, new)
        for pair in inner:
            self._copy_flags(*pair)

    def _inner(self, old: Any, new: Any) -> list[tuple[Any, Any]]:
        kept = rule_of(old, self.source).inner.values()
        return [
            pair
            for name in kept
            for pair in zip(flat(getattr(old, name)), flat(getattr(new, name)), strict=True)
        ]

"""Quantization-aware training: the network learns with the rounding of int8."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlflow_prod.compress.steps.cluster import Cluster
from mlflow_prod.compress.steps.fine_tune import fine_tune
from mlflow_prod.compress.steps.layers import copied, rebuilt
from mlflow_prod.compress.steps.preserving import preserving_scheme
from mlflow_prod.compress.steps.prune import Prune
from mlflow_prod.compress.steps.training import Training
from mlflow_prod.errors import InvalidParameter, ModelError, did_you_mean
from mlflow_prod.evidence import Measure
from mlflow_prod.models.bridge import tf_keras as legacy
from mlflow_prod.models.bridge import tfmot
from mlflow_prod.tflite import Contents

if TYPE_CHECKING:
    import tf_keras

    from mlflow_prod.compress.steps.step import Step

# Layers that tfmot quantizes as the two they consist of.
BROKEN_UP = ("SeparableConv1D", "SeparableConv2D")
# Layers with which it makes the batch normalization behind them one.
FOLDING = ("Conv2D", "DepthwiseConv2D", "Dense", *BROKEN_UP)


@dataclass(frozen=True)
class QAT:
    """Trains the network on while its kernels and activations are rounded as int8 files round them.

    Quantizes the whole network, or only the layers that are named; what it leaves out (the other layers, and
    those that tfmot cannot quantize) the int8 converter calibrates from data. After `Prune` zeros stay zeros,
    after `Cluster` clusters stay clusters, in dense and 2D convolution layers. Not worth its time where plain
    int8 loses nothing.

    Parameters
    ----------
    layers : names of layers; empty for the whole network.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", CVPR 2018.
    """

    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if len(set(self.layers)) < len(self.layers):
            raise InvalidParameter("qat: layers", "named once each", self.layers)
        for name in self.layers:
            if not name or name != name.strip() or set(name) & set("(),"):
                rule = "names that a recipe can hold: no commas, parentheses or spaces around them"
                raise InvalidParameter("qat: layers", rule, name)

    def apply(
        self, network: "tf_keras.Model", training: Training, after: "tuple[Step, ...]" = ()
    ) -> "tf_keras.Model":
        """A new model with quantizers in its layers, for the int8 converters only; see `Step`."""
        keep = tfmot().quantization.keras
        made = {type(step) for step in after}
        scheme = preserving_scheme(zeros=Prune in made, clusters=Cluster in made)
        network = copied(network, training.seed)
        chosen = self._chosen(network, scheme.get_quantize_registry().supports)

        def annotated(layer: "tf_keras.layers.Layer") -> "tf_keras.layers.Layer":
            return keep.quantize_annotate_layer(layer) if layer.name in chosen else layer

        try:
            learner = keep.quantize_apply(rebuilt(network, annotated), scheme)
        except (ValueError, RuntimeError) as problem:
            raise ModelError(f"qat: {network.name} cannot be quantized: {problem}") from problem
        fine_tune(learner, training, "qat")
        return learner

    def verify(self, contents: Contents) -> list[Measure]:
        """`int8_kernels`: share of the kernels that are stored as and compute in int8; see `Step`."""
        other = [kernel for kernel in contents.kernels if (kernel.dtype, kernel.computes) != ("int8", "int8")]
        if other or not contents.kernels:
            found = ", ".join(f"{one.operator} {one.dtype} computing in {one.computes}" for one in other)
            raise ModelError(f"qat: int8 was not reached: the file holds {found or 'no kernel'}")
        return [Measure("int8_kernels", 1.0, n=len(contents.kernels))]

    def _chosen(
        self, network: "tf_keras.Model", supported: "Callable[[tf_keras.layers.Layer], bool]"
    ) -> set[str]:
        if any(isinstance(layer, legacy().Model) for layer in network.layers):
            raise ModelError(f"qat: {network.name} has a model within: put that one's layers in its place")
        names = [layer.name for layer in network.layers]
        able = [
            layer.name for layer in network.layers if supported(layer) or type(layer).__name__ in BROKEN_UP
        ]
        for name in self.layers:
            if name not in names:
                raise InvalidParameter(
                    "qat: layers", f"layers of {network.name} ({did_you_mean(name, names)})", name
                )
            if name not in able:
                kind = type(network.get_layer(name)).__name__
                raise InvalidParameter(
                    "qat: layers", f"layers that tfmot can quantize, which no {kind} is", name
                )
        chosen = set(self.layers or able)
        if not chosen:
            raise ModelError(f"qat: {network.name} has no layer that tfmot can quantize")
        return chosen | {layer.name for layer in network.layers if _folded(layer, chosen)}


def _folded(layer: "tf_keras.layers.Layer", chosen: set[str]) -> bool:
    """Whether it normalizes what a chosen layer alone gives it, so that the converter makes them one."""
    if type(layer).__name__ != "BatchNormalization" or len(layer.inbound_nodes) != 1:
        return False
    before = layer.inbound_nodes[0].inbound_layers
    return (
        not isinstance(before, list)
        and before.name in chosen
        and type(before).__name__ in FOLDING
        and len(before.outbound_nodes) == 1
        and getattr(before.activation, "__name__", "") == "linear"
    )

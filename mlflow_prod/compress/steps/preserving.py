"""The int8 scheme of quantization-aware training that keeps the zeros and clusters a network has."""

from typing import TYPE_CHECKING, Any

from mlflow_prod.models.bridge import tfmot

if TYPE_CHECKING:
    import tf_keras

# Layers with kernels that tfmot leaves unquantized where a ReLU layer follows.
BEFORE_RELU = ("Conv2D", "DepthwiseConv2D", "Dense")


def preserving_scheme(zeros: bool, clusters: bool) -> Any:
    """A tfmot quantization scheme: its default one where neither is to be kept.

    tfmot keeps them in dense and (2D) convolution layers, and refuses networks with any other layer that has
    weights; here those are quantized by the default.
    """
    tfmot()
    from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.cluster_preserve import (
        cluster_preserve_quantize_registry as cluster_preserve,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.prune_preserve import (
        prune_preserve_quantize_registry as prune_preserve,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_configs as configs,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_layout_transform as layout,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_registry as default,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_scheme as schemes,
    )

    def preserving() -> Any:
        if clusters:
            return cluster_preserve.Default8bitClusterPreserveQuantizeRegistry(preserve_sparsity=zeros)
        if zeros:
            return prune_preserve.Default8bitPrunePreserveQuantizeRegistry()
        return default.Default8BitQuantizeRegistry()

    class Registry:
        def supports(self, layer: "tf_keras.layers.Layer") -> bool:
            return default.Default8BitQuantizeRegistry().supports(layer)

        def get_quantize_config(self, layer: "tf_keras.layers.Layer") -> Any:
            # Anew for each layer: tfmot's quantizers stop keeping zeros once a layer had none.
            one = preserving()
            return (
                one if one.supports(layer) else default.Default8BitQuantizeRegistry()
            ).get_quantize_config(layer)

    class Layout(layout.Default8BitQuantizeLayoutTransform):
        def apply(self, model: "tf_keras.Model", layer_quantize_map: dict[str, Any]) -> tuple[Any, Any]:
            model, chosen = super().apply(model, layer_quantize_map)
            for layer in model.layers:
                given = chosen.get(layer.name, {})
                if type(layer).__name__ in BEFORE_RELU and isinstance(
                    given.get("quantize_config"), configs.NoOpQuantizeConfig
                ):
                    # Not to round between a layer and its ReLU, tfmot rounds nothing of the layer, its kernel
                    # neither, and so keeps nothing of it.
                    given["quantize_config"] = config = Registry().get_quantize_config(layer)
                    config.activation_attrs = []
            return model, chosen

    class Scheme(schemes.Default8BitQuantizeScheme):
        def get_layout_transformer(self) -> Layout:
            return Layout()

        def get_quantize_registry(self) -> Registry:
            return Registry()

    return Scheme()

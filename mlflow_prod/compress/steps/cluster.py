"""Weight clustering: the weights of a kernel share a few values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlflow_prod.compress.steps.fine_tune import fine_tune
from mlflow_prod.compress.steps.layers import copied, rebuilt, treated
from mlflow_prod.compress.steps.prune import Prune
from mlflow_prod.compress.steps.training import Training
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.evidence import Measure
from mlflow_prod.models.bridge import tfmot
from mlflow_prod.tflite import Contents

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras

    from mlflow_prod.compress.steps.step import Step


@dataclass(frozen=True)
class Cluster:
    """Gives the weights of each kernel a few values to share, and trains those on.

    All kernels that tfmot can cluster are, that of the last layer too: dense and convolution kernels,
    embeddings; not those of depthwise convolutions, nor attention, nor of layers that are not trainable,
    which count in the file all the same. After `Prune` zeros stay zeros, and 0 is one of the values. A
    clustered file is smaller only when compressed (gzip). Where the converter folds a batch normalization
    into a kernel each channel has its own values: then only integer files, in which each channel has its own
    scale, show the clusters.

    Parameters
    ----------
    clusters : values in a kernel at most, >= 2 (after `Prune` >= 3), and no more than the smallest kernel has
        weights. A kernel that `Prune` left fewer weights takes as many values as it has.

    Source: S. Han, H. Mao, W. J. Dally, "Deep Compression", ICLR 2016.
    """

    clusters: int = 16

    def __post_init__(self) -> None:
        if not (isinstance(self.clusters, int) and self.clusters >= 2):
            raise InvalidParameter("cluster: clusters", "a whole number >= 2", self.clusters)

    def apply(
        self, network: "tf_keras.Model", training: Training, after: "tuple[Step, ...]" = ()
    ) -> "tf_keras.Model":
        """A new model with clustered kernels; see `Step`."""
        make = tfmot().clustering.keras
        sparse = any(isinstance(step, Prune) for step in after)
        # Wrapping changes the layers that are wrapped.
        network = copied(network, training.seed)
        kernels = treated(network, _clusterable, "cluster")
        clusters = {name: self._clusters(name, weights, sparse) for name, weights in kernels.items()}

        def wrapped(layer: "tf_keras.layers.Layer") -> "tf_keras.layers.Layer":
            if layer.name not in clusters:
                return layer
            return make.cluster_weights(layer, clusters[layer.name], preserve_sparsity=sparse)

        learner = rebuilt(network, wrapped)
        fine_tune(learner, training, "cluster")
        return make.strip_clustering(learner)

    def verify(self, contents: Contents) -> list[Measure]:
        """`clusters`: the most values that weights of one kernel, or of one scale, have; see `Step`."""
        found = {
            kernel.distinct: kernel for kernel in contents.kernels if kernel.operator != "DEPTHWISE_CONV_2D"
        }
        if not found:
            raise ModelError("cluster: the file has no kernel")
        most = max(found)
        if most > self.clusters:
            raise ModelError(
                f"cluster: {self.clusters} clusters were not kept: a {found[most].operator} kernel of shape "
                f"{found[most].shape} has {most} different weights. If a batch normalization was folded into "
                "it, each channel has its own: end the recipe with int8"
            )
        return [Measure("clusters", most)]

    def _clusters(self, layer: str, weights: "list[tf.Variable]", sparse: bool) -> int:
        values = [weight.numpy() for weight in weights]
        smallest = min(value.size for value in values)
        if self.clusters > smallest:
            raise InvalidParameter(
                "cluster: clusters", f"at most {smallest}, the weights of layer {layer}", self.clusters
            )
        if not sparse:
            return self.clusters
        left = min(int(np.count_nonzero(value)) for value in values) + 1
        if min(left, self.clusters) < 3:
            rule = ">= 3 after prune, as 0 is one of them"
            if left < 3:
                rule = f"left out: prune leaves layer {layer} {left - 1} weights, too few to cluster"
            raise InvalidParameter("cluster: clusters", rule, self.clusters)
        return min(left, self.clusters)


def _clusterable(layer: "tf_keras.layers.Layer") -> "list[tf.Variable] | None":
    from tensorflow_model_optimization.python.core.clustering.keras.clustering_registry import (
        ClusteringRegistry,
    )

    # Of attention, stripping gives the weights back in another order, which no network takes.
    if not ClusteringRegistry.supports(layer) or type(layer).__name__ == "MultiHeadAttention":
        return None
    named = ClusteringRegistry.make_clusterable(layer).get_clusterable_weights()
    return [weight for _, weight in named]

"""Magnitude pruning: the smallest weights become 0."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from mlflow_prod.compress.steps.fine_tune import fine_tune
from mlflow_prod.compress.steps.layers import copied, rebuilt, treated
from mlflow_prod.compress.steps.training import Training
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.evidence import Measure
from mlflow_prod.models.bridge import tfmot
from mlflow_prod.tflite import Contents

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras

    from mlflow_prod.compress.steps.step import Step

Schedule = Literal["polynomial", "constant"]
# A file may fall short of the sparsity asked for by this much, in shares.
TOLERANCE = 0.01
# Masks that a schedule makes at most: sorting every kernel in every step would take longer than training.
MOST_MASKS = 100


@dataclass(frozen=True)
class Prune:
    """Sets the smallest weights of each kernel to 0 while the network trains on to make up for it.

    Sparsity grows over the first half of the training steps and stays for the second half, in which the best
    epoch is looked for. All kernels that tfmot can prune are, that of the last layer too: dense and
    convolution kernels, embeddings; not those of depthwise convolutions, nor of layers that are not
    trainable, which count in the file all the same. A sparse file is smaller only when compressed (gzip), and
    no quicker where zeros are multiplied too. Not for networks of few weights, which need them all.

    Parameters
    ----------
    sparsity : share of the weights of each kernel that become 0, between 0 and 1.
    schedule : `polynomial` grows quickly, then slowly; `constant` cuts at once.

    Source: M. Zhu, S. Gupta, "To prune, or not to prune", arXiv:1710.01878 (2017).
    """

    sparsity: float = 0.75
    schedule: Schedule = "polynomial"

    def __post_init__(self) -> None:
        if not 0 < self.sparsity < 1:
            raise InvalidParameter("prune: sparsity", "between 0 and 1, such as 0.75", self.sparsity)
        if self.schedule not in get_args(Schedule):
            raise InvalidParameter(
                "prune: schedule", f"one of {', '.join(get_args(Schedule))}", self.schedule
            )

    def apply(
        self, network: "tf_keras.Model", training: Training, after: "tuple[Step, ...]" = ()
    ) -> "tf_keras.Model":
        """A new model with sparse kernels; see `Step`."""
        keep = tfmot().sparsity.keras
        network = copied(network, training.seed)
        kernels = treated(network, _prunable, "prune")
        schedule, steps = self.plan(training)

        def wrapped(layer: "tf_keras.layers.Layer") -> "tf_keras.layers.Layer":
            return keep.prune_low_magnitude(layer, schedule) if layer.name in kernels else layer

        learner = rebuilt(network, wrapped)
        settled = math.ceil(steps / training.batches)
        fine_tune(learner, training, "prune", [keep.UpdatePruningStep()], settled)
        pruned = keep.strip_pruning(learner)
        left = treated(pruned, _prunable, "prune")
        counts = [
            (int((weight.numpy() == 0).sum()), weight.numpy().size)
            for weights in left.values()
            for weight in weights
        ]
        self._check(counts, "the trained network")
        return pruned

    def verify(self, contents: Contents) -> list[Measure]:
        """`sparsity`: share of zeros among all the weights of the kernels in the file; see `Step`."""
        counts = [
            (round(kernel.sparsity * kernel.weights), kernel.weights)
            for kernel in contents.kernels
            if kernel.operator != "DEPTHWISE_CONV_2D"
        ]
        return [Measure("sparsity", self._check(counts, "the file"), n=sum(size for _, size in counts))]

    def _check(self, counts: list[tuple[int, int]], where: str) -> float:
        zeros, size = map(sum, zip(*counts, strict=True)) if counts else (0, 0)
        # Each kernel keeps a whole number of weights, at least one.
        allowed = TOLERANCE * size + len(counts)
        if not size or zeros < self.sparsity * size - allowed:
            raise ModelError(
                f"prune: a sparsity of {self.sparsity:g} was not reached: {where} has "
                f"{zeros:,} zeros among {size:,} weights of kernels"
            )
        return zeros / size

    def plan(self, training: Training) -> tuple[Any, int]:
        """(tfmot's schedule for as many steps as there are, the training step at which it ends, >= 1)."""
        keep = tfmot().sparsity.keras
        half = max(1, training.batches * training.epochs // 2)
        every = math.ceil(half / MOST_MASKS)
        last = half // every * every
        if self.schedule == "constant":
            return keep.ConstantSparsity(self.sparsity, 0, last, every), last
        return keep.PolynomialDecay(0.0, self.sparsity, 0, last, frequency=every), last


def _prunable(layer: "tf_keras.layers.Layer") -> "list[tf.Variable] | None":
    from tensorflow_model_optimization.python.core.sparsity.keras.prune_registry import PruneRegistry

    return (
        PruneRegistry.make_prunable(layer).get_prunable_weights() if PruneRegistry.supports(layer) else None
    )

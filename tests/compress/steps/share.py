"""What the kernels of a tf_keras network hold."""

import numpy as np


def by_layer(network):
    return {
        layer.name: weight.numpy()
        for layer in network.layers
        for weight in layer.weights
        if weight.name.endswith("kernel:0")
    }


def kernels(network):
    return list(by_layer(network).values())


def zeros(network):
    """The share of zeros in each kernel, by the name of its layer."""
    return {name: float((kernel == 0).mean()) for name, kernel in by_layer(network).items()}


def values(network):
    """How many different weights each kernel has."""
    return [len(np.unique(kernel)) for kernel in kernels(network)]

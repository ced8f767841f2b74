"""Every layer of the table crosses, there and back; every layer that tfmot handles is in the table."""

import keras
import numpy as np
import pytest

from mlflow_prod.models.bridge import from_tf_keras, tf_keras, tfmot, to_tf_keras
from mlflow_prod.models.bridge.rules import RULES
from tests.models.bridge.samples import SAMPLES

# In tfmot's registries, and not among the layers that Keras 3 has: no Keras 3 network holds them.
GONE = {
    "LocallyConnected1D",
    "LocallyConnected2D",
    "SyncBatchNormalization",
    "ThresholdedReLU",
    # `Rescaling.__class__`, where tfmot means `Rescaling`.
    "type",
}


def test_every_rule_has_a_sample():
    # Every network has an InputLayer.
    assert set(RULES) - {"InputLayer"} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_layer_crosses_there_and_back(name):
    sample = SAMPLES[name]
    network = sample.network()
    there = to_tf_keras(network)
    back = from_tf_keras(there)
    assert isinstance(there, tf_keras().Model)
    kinds = [(layer.name, type(layer).__name__) for layer in network.layers]
    assert [(layer.name, type(layer).__name__) for layer in there.layers] == kinds
    rows = sample.rows()
    given = rows if len(rows) > 1 else rows[0]
    expected = network(given, training=False).numpy()
    assert np.isfinite(expected).all()
    for other in (there, back):
        found = other(given, training=False).numpy()
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()
    weights = network.get_weights()
    assert len(back.get_weights()) == len(weights)
    assert all(map(np.array_equal, weights, back.get_weights()))
    for one, other in zip(network.layers, back.layers, strict=True):
        before, after = one.get_config(), other.get_config()
        if type(one) is keras.layers.BatchNormalization:
            # Built, tf_keras names the last axis by its number.
            before["axis"] %= 4
        assert after == before


def test_tfmots_registries_hold_no_other_layer():
    tfmot()
    from tensorflow_model_optimization.python.core.clustering.keras import clustering_registry
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_registry,
    )
    from tensorflow_model_optimization.python.core.sparsity.keras import prune_registry

    prune, cluster = prune_registry.PruneRegistry, clustering_registry.ClusteringRegistry
    handled = {
        *prune._LAYERS_WEIGHTS_MAP,
        *prune._RNN_CELLS_WEIGHTS_MAP,
        *prune._RNN_LAYERS,
        *cluster._LAYERS_WEIGHTS_MAP,
        *cluster._SUPPORTED_RNN_CELLS,
        *cluster._SUPPORTED_RNN_LAYERS,
        *cluster._SUPPORTED_MHA_LAYERS,
        *default_8bit_quantize_registry.Default8BitQuantizeRegistry()._layer_quantize_map,
    }
    names = {kind.__name__ for kind in handled}
    assert {"Dense", "Conv2D", "LSTMCell", "MultiHeadAttention", "ReLU"} <= names
    # A Lambda is code: it is refused.
    assert names - set(RULES) == GONE | {"Lambda"}
    assert not any(hasattr(keras.layers, name) for name in GONE)

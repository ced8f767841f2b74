import numpy as np
import pytest

from mlflow_prod.compress import Cluster, Prune, Step
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models.bridge import tf_keras
from tests.compress.steps.share import kernels, values, zeros


def test_the_weights_of_a_kernel_share_a_few_values_and_zeros_stay(pruned, clustered):
    assert max(values(clustered)) <= 8
    assert all(
        np.array_equal(old == 0, new == 0)
        for old, new in zip(kernels(pruned), kernels(clustered), strict=True)
    )


def test_the_network_it_came_from_stays_as_it_was(pruned, clustered):
    assert [layer.name for layer in clustered.layers] == [layer.name for layer in pruned.layers]
    assert max(values(pruned)) > 300
    assert not any("cluster" in weight.name for weight in [*clustered.weights, *pruned.weights])


def test_kernels_with_few_weights_left_share_as_many_values_as_they_have(training):
    keras = tf_keras()
    network = keras.Sequential(
        [
            keras.layers.Input((20,)),
            keras.layers.Dense(8, name="wide"),
            keras.layers.Dense(1, "sigmoid", name="last"),
        ]
    )
    last = network.layers[-1]
    last.set_weights([np.array([[0.5], [-0.5], [0.25], *[[0.0]] * 5], np.float32), last.get_weights()[1]])
    found = Cluster(6).apply(network, training, (Prune(),))
    assert zeros(found)["last"] == 5 / 8
    assert max(values(found)) <= 6
    last.set_weights([np.eye(8, 1, dtype=np.float32), last.get_weights()[1]])
    with pytest.raises(InvalidParameter, match="prune leaves layer last 1 weights, too few"):
        Cluster(6).apply(network, training, (Prune(),))


@pytest.mark.parametrize(
    ("clusters", "after", "told"),
    [
        (65, (), "at most 64, the weights of layer score, got 65"),
        (65, (Prune(),), "at most 64, the weights of layer score, got 65"),
        (2, (Prune(),), ">= 3 after prune, as 0 is one of them, got 2"),
    ],
)
def test_clusters_that_a_kernel_cannot_have_are_refused(clusters, after, told, pruned, training):
    with pytest.raises(InvalidParameter, match=told):
        Cluster(clusters).apply(pruned, training, after)


def test_a_layer_that_cannot_be_clustered_is_named(training):
    keras = tf_keras()
    odd = keras.layers.TimeDistributed(keras.layers.Dense(2), name="odd")
    network = keras.Sequential(
        [keras.layers.Input((20, 1)), odd, keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    with pytest.raises(ModelError, match="cluster: layer odd is a TimeDistributed"):
        Cluster().apply(network, training)
    inputs = keras.layers.Input((4, 5))
    attention = keras.layers.MultiHeadAttention(1, 5, name="attention")(inputs, inputs)
    network = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(attention)))
    with pytest.raises(ModelError, match="cluster: layer attention is a MultiHeadAttention"):
        Cluster(4).apply(network, training)


def test_what_the_file_holds_is_told_and_a_file_without_clusters_refused(network, clustered, rows, int8_file):
    (measure,) = Cluster(8).verify(int8_file(clustered, rows))
    assert measure.name == "clusters"
    assert 3 <= measure.value <= 8
    with pytest.raises(
        ModelError, match=r"8 clusters were not kept: a FULLY_CONNECTED kernel .* different weights"
    ):
        Cluster(8).verify(int8_file(network, rows))


@pytest.mark.parametrize("clusters", [1, 0, -3, 2.5, float("nan")])
def test_clusters_that_are_none_are_refused(clusters):
    with pytest.raises(InvalidParameter, match="clusters must be a whole number >= 2"):
        Cluster(clusters)


def test_it_is_a_step():
    assert isinstance(Cluster(), Step)


def test_layers_that_are_not_trainable_stay_as_they_are(training):
    keras = tf_keras()
    rows = keras.layers.Input((20,))
    fixed = keras.layers.Dense(1, use_bias=False, trainable=False, name="fixed")
    learnt = keras.layers.Dense(1, name="learnt")(keras.layers.Dense(8, name="wide")(rows))
    score = keras.layers.Activation("sigmoid")(keras.layers.Add()([learnt, fixed(rows)]))
    network = keras.Model(rows, score)
    held = fixed.get_weights()[0].copy()
    pruned = Prune(0.5).apply(network, training)
    found = Cluster(4).apply(pruned, training, (Prune(0.5),))
    assert np.array_equal(found.get_layer("fixed").get_weights()[0], held)
    assert len(np.unique(held)) == 20
    assert len(np.unique(found.get_layer("wide").get_weights()[0])) <= 4
    with pytest.raises(ModelError, match=r"no trainable layer of \w+ has a kernel"):
        Prune(0.5).apply(keras.Model(rows, fixed(rows)), training)

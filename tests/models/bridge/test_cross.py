"""Whole networks: weights, flags, what is refused, what tfmot makes of them, and random graphs."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from mlflow_prod.errors import ModelError
from mlflow_prod.models.bridge import from_tf_keras, tf_keras, tfmot, to_tf_keras
from tests.models.bridge.samples import shaken

ROWS = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def small():
    network = keras.Sequential([keras.Input((5,)), layers.Dense(4, name="one"), layers.Dense(2, name="two")])
    return shaken(network)


def flags(network):
    return [layer.trainable for layer in network.layers]


def test_a_network_keeps_its_name_its_kind_and_its_settings():
    network = keras.Sequential([keras.Input((5,)), layers.Dense(4)], name="mine")
    there = to_tf_keras(network)
    assert (there.name, type(there)) == ("mine", tf_keras().Sequential)
    back = from_tf_keras(there)
    assert (back.name, type(back)) == ("mine", keras.Sequential)
    assert back.get_config() == network.get_config()
    assert not getattr(there, "optimizer", None)
    assert not back.compiled


def test_training_the_copy_leaves_the_original_alone():
    network = small()
    before = network.get_weights()
    there = to_tf_keras(network)
    there.compile("sgd", "mse")
    there.fit(ROWS, np.ones((6, 2)), verbose=0)
    assert all(map(np.array_equal, network.get_weights(), before))
    assert not np.array_equal(there.get_weights()[0], before[0])
    assert np.allclose(from_tf_keras(there)(ROWS), there(ROWS), rtol=1e-6, atol=1e-6)


def test_frozen_layers_stay_frozen_in_networks_in_networks_too():
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(5), layers.BatchNormalization()], name="inner")
    inner.layers[0].trainable = False
    start = keras.Input((5,))
    network = keras.Model(start, layers.Dense(2)(layers.Dense(3, trainable=False)(inner(start))))
    for other in ((there := to_tf_keras(network)), from_tf_keras(there)):
        assert flags(other) == flags(network) == [True, True, False, True]
        assert flags(other.get_layer("inner")) == [False, True]
        assert len(other.trainable_weights) == len(network.trainable_weights) == 4
    network.trainable = False
    network.layers[-1].trainable = True
    for other in ((there := to_tf_keras(network)), from_tf_keras(there)):
        assert not other.trainable
        assert flags(other) == flags(network) == [False, False, False, True]


def test_half_of_a_bidirectional_layer_may_be_frozen_and_no_part_of_attention():
    steps = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    start = keras.Input((4, 3))
    both = layers.Bidirectional(layers.LSTM(3))
    network = shaken(keras.Model(start, both(start)))
    both.forward_layer.trainable = False
    for other in ((there := to_tf_keras(network)), from_tf_keras(there)):
        crossed = other.layers[-1]
        assert (crossed.forward_layer.trainable, crossed.backward_layer.trainable) == (False, True)
        assert np.allclose(other(steps), network(steps), rtol=1e-6, atol=1e-7)
    attention = layers.MultiHeadAttention(2, 3, name="odd")
    network = keras.Model(start, attention(start, start))
    attention._query_dense.trainable = False
    with pytest.raises(ModelError, match=r"'odd' \(MultiHeadAttention\).*frozen by itself"):
        to_tf_keras(network)


def test_a_network_built_by_its_first_rows_crosses():
    network = keras.Sequential([layers.Dense(4), layers.Dense(2)])
    network(ROWS)
    assert np.allclose(to_tf_keras(network)(ROWS), network(ROWS), rtol=1e-6, atol=1e-6)
    assert np.allclose(to_tf_keras(network)(ROWS[:2]), network(ROWS[:2]), rtol=1e-6, atol=1e-6)


class Own(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.layer = layers.Dense(2)

    def call(self, inputs):
        return self.layer(inputs)


class TrainsOtherwise(keras.Model):
    """Functional in all but how it is trained."""

    def train_step(self, data):
        return {}


class Doubled(keras.Sequential):
    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs)


def test_what_is_computed_by_code_of_its_own_is_refused():
    own = Own()
    own(ROWS)
    for network in (own, Doubled([keras.Input((5,)), layers.Dense(2)], name="doubled")):
        with pytest.raises(
            ModelError, match=rf"'{network.name}' \({type(network).__name__}\).*code of its own"
        ):
            to_tf_keras(network)
    start = keras.Input((5,))
    with pytest.raises(ModelError, match=r"'own' \(Own\)"):
        to_tf_keras(keras.Model(start, own(start)))
    other = TrainsOtherwise(start, layers.Dense(2)(start))
    assert np.allclose(to_tf_keras(other)(ROWS), other(ROWS), rtol=1e-6, atol=1e-6)


def test_what_is_not_built_or_of_the_other_side_is_refused():
    for unbuilt in (keras.Sequential([layers.Dense(2)], name="odd"), keras.Sequential(name="odd")):
        with pytest.raises(ModelError, match=r"'odd' \(Sequential\).*not built yet.*keras\.Input"):
            to_tf_keras(unbuilt)
    legacy = to_tf_keras(small())
    for cross, network in ((to_tf_keras, legacy), (from_tf_keras, small()), (to_tf_keras, None)):
        with pytest.raises(ModelError, match="only a"):
            cross(network)
    named = tf_keras().Sequential([tf_keras().Input((5,)), tf_keras().layers.Dense(2, name="a/b")])
    with pytest.raises(ModelError, match=r"'a/b' \(Dense\)"):
        from_tf_keras(named)


def test_tfmot_takes_what_crosses_and_what_it_strips_crosses_back():
    start = keras.Input((8, 8, 1))
    tensor = layers.Conv2D(4, 3, activation="relu")(start)
    tensor = layers.ReLU()(layers.BatchNormalization()(layers.DepthwiseConv2D(3)(tensor)))
    network = shaken(keras.Model(start, layers.Dense(2, "softmax")(layers.Flatten()(tensor))))
    there = to_tf_keras(network)
    rows = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype(np.float32)
    sparsity = tfmot().sparsity.keras
    pruned = sparsity.prune_low_magnitude(there, sparsity.ConstantSparsity(0.5, 0))
    with pytest.raises(ModelError, match=r"\(PruneLowMagnitude\).*strip"):
        from_tf_keras(pruned)
    stripped = from_tf_keras(sparsity.strip_pruning(pruned))
    assert np.allclose(stripped(rows), network(rows), rtol=1e-6, atol=1e-6)
    assert tfmot().quantization.keras.quantize_model(there)(rows).shape == (3, 2)


def test_tfmot_prunes_the_recurrent_layers_that_cross():
    network = keras.Sequential([keras.Input((4, 3)), layers.LSTM(8), layers.Dense(2)])
    sparsity = tfmot().sparsity.keras
    pruned = sparsity.prune_low_magnitude(to_tf_keras(network), sparsity.ConstantSparsity(0.5, 0))
    assert [type(layer).__name__ for layer in pruned.layers] == ["PruneLowMagnitude"] * 2


ONE = {
    "dense": lambda: layers.Dense(4, activation="tanh"),
    "scaled": lambda: layers.Rescaling(0.5, 0.1),
    "normal": lambda: layers.BatchNormalization(),
    "layer_normal": lambda: layers.LayerNormalization(),
    "leaky": lambda: layers.LeakyReLU(negative_slope=0.2),
    "dropped": lambda: layers.Dropout(0.5),
    "line": lambda: keras.Sequential(
        [layers.Reshape((4, 1)), layers.Conv1D(4, 2), layers.Flatten(), layers.Dense(4)]
    ),
    "swish": lambda: layers.Activation("silu"),
}
TWO = {
    "sum": layers.Add,
    "product": layers.Multiply,
    "larger": layers.Maximum,
    "beside": layers.Concatenate,
}


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_random_graphs_cross(data):
    inputs = [keras.Input((4,)) for _ in range(data.draw(st.integers(1, 2), "inputs"))]
    tensors, made = list(inputs), []
    for _ in range(data.draw(st.integers(1, 6), "calls")):
        tensor = data.draw(st.sampled_from(tensors))
        kind = data.draw(st.sampled_from([*ONE, *TWO, "shared"]))
        if kind in TWO:
            tensor = TWO[kind]()([tensor, data.draw(st.sampled_from(tensors))])
            tensor = layers.Dense(4)(tensor) if kind == "beside" else tensor
        else:
            layer = (
                data.draw(st.sampled_from(made))
                if kind == "shared" and made
                else ONE.get(kind, ONE["dense"])()
            )
            layer.trainable = layer.trainable and data.draw(st.booleans())
            made.append(layer)
            tensor = layer(tensor)
        tensors.append(tensor)
    outputs = data.draw(
        st.lists(st.sampled_from(tensors[len(inputs) :]), min_size=1, max_size=2, unique_by=id)
    )
    network = shaken(keras.Model(inputs, [*outputs, layers.Concatenate()([*inputs, *inputs])]))
    there = to_tf_keras(network)
    back = from_tf_keras(there)
    rows = [ROWS[:, :4] * (1 + number) for number in range(len(inputs))]
    rows = rows if len(rows) > 1 else rows[0]
    expected = network(rows, training=False)
    for other in (there, back):
        for one, two in zip(expected, other(rows, training=False), strict=True):
            assert np.abs(one.numpy() - two.numpy()).max() <= 1e-6 * max(1e-3, np.abs(one.numpy()).max())
        assert {layer.name: layer.trainable for layer in other.layers} == {
            layer.name: layer.trainable for layer in network.layers
        }
    for layer in network.layers:
        for one, two in zip(layer.get_weights(), back.get_layer(layer.name).get_weights(), strict=True):
            assert np.array_equal(one, two)

"""What calls what: shared layers, states, masks, several inputs and outputs."""

import keras
import numpy as np
import pytest
from keras import layers

from mlflow_prod.errors import ModelError
from mlflow_prod.models.bridge import from_tf_keras, tf_keras, to_tf_keras
from mlflow_prod.models.bridge.graph import flat, mapped
from tests.models.bridge.samples import shaken

DRAW = np.random.default_rng(0)
WORDS = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [4, 5, 6, 1]], np.int32)
STEPS = DRAW.normal(size=(3, 4, 3)).astype(np.float32)


def same(network, given):
    """The network in tf_keras and back, whose answers were compared."""
    shaken(network)
    there = to_tf_keras(network)
    back = from_tf_keras(there)
    expected = network(given, training=False)
    for other in (there, back):
        found = other(given, training=False)
        assert type(found) is type(expected) or not isinstance(expected, dict | list | tuple)
        for one, two in zip(flat(expected), flat(found), strict=True):
            assert np.abs(one.numpy() - two.numpy()).max() <= 1e-6 * np.abs(one.numpy()).max()
    return there, back


def test_a_shared_layer_stays_shared():
    left, right = keras.Input((5,)), keras.Input((5,))
    shared = layers.Dense(5, name="shared")
    network = keras.Model([left, right], layers.Concatenate()([shared(left), shared(shared(right))]))
    given = [DRAW.normal(size=(4, 5)).astype(np.float32) for _ in range(2)]
    for other in same(network, given):
        assert len(other.weights) == 2
        assert len(other.get_layer("shared")._inbound_nodes) == 3


def test_a_nested_network_stays_one_and_shared():
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(5), layers.BatchNormalization()], name="inner")
    start = keras.Input((5,))
    deeper = keras.Model(start, inner(inner(start)), name="deeper")
    outer = keras.Model(start, layers.Dense(2)(deeper(inner(start))))
    for other in same(outer, DRAW.normal(size=(4, 5)).astype(np.float32)):
        assert [layer.name for layer in other.layers] == [layer.name for layer in outer.layers]
        assert other.get_layer("deeper").get_layer("inner") is other.get_layer("inner")
        assert len(other.weights) == len(outer.weights)


def test_inputs_and_outputs_keep_their_order_and_names():
    one, two = keras.Input((3,), name="one"), keras.Input((2,), name="two")
    sum_of = layers.Dense(4, name="sum")(layers.Concatenate()([two, one]))
    given = [DRAW.normal(size=(4, width)).astype(np.float32) for width in (3, 2)]
    listed = keras.Model([one, two], [sum_of, layers.Dense(1, name="last")(sum_of)])
    for other in same(listed, given):
        assert [flat(tensor._keras_history)[0].name for tensor in other.inputs] == ["one", "two"]
        assert list(other.output_names) == ["sum", "last"]
    named = keras.Model({"one": one, "two": two}, {"b": sum_of, "a": layers.ReLU()(sum_of)})
    for other in same(named, dict(zip(("one", "two"), given, strict=True))):
        assert set(other(dict(zip(("one", "two"), given, strict=True)))) == {"a", "b"}


def test_an_output_that_is_an_input_and_a_layer_that_no_output_needs():
    start = keras.Input((3,))
    unused = layers.Dense(2, name="unused")
    unused(start)
    there, _ = same(keras.Model(start, [start, layers.Dense(2)(start)]), np.ones((2, 3), np.float32))
    assert "unused" not in [layer.name for layer in there.layers]


@pytest.mark.parametrize(
    "reader",
    [
        lambda: layers.LSTM(3),
        lambda: layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        lambda: layers.GlobalAveragePooling1D(),
        lambda: layers.TimeDistributed(layers.Dense(2)),
    ],
)
def test_masks_reach_who_reads_them(reader):
    start = keras.Input((4,), dtype="int32")
    words = layers.Embedding(7, 3, mask_zero=True)(start)
    network = keras.Model(start, reader()(layers.Dropout(0.1)(words)))
    same(network, WORDS)
    bare = keras.Model(start, reader()(layers.Embedding(7, 3)(start)))
    shaken(bare)
    if not isinstance(network.layers[-1], layers.TimeDistributed):
        assert not np.allclose(network(WORDS), bare(WORDS))


def test_masks_of_attention():
    start = keras.Input((4,), dtype="int32")
    words = layers.Embedding(7, 3, mask_zero=True)(start)
    mean = layers.GlobalAveragePooling1D()
    same(keras.Model(start, mean(layers.MultiHeadAttention(2, 3)(words, words))), WORDS)
    same(keras.Model(start, mean(layers.Add()([layers.Attention()([words, words]), words]))), WORDS)


def test_what_multi_head_attention_does_to_masks_is_refused():
    start = keras.Input((4,), dtype="int32")

    def network(masked):
        words = layers.Embedding(7, 3, mask_zero=masked)(start)
        attended = layers.MultiHeadAttention(2, 3, name="odd")(words, words)
        return keras.Model(start, layers.Add()([attended, layers.Attention()([words, words])]))

    same(network(masked=False), WORDS)
    with pytest.raises(ModelError, match=r"'odd' \(MultiHeadAttention\).*masks"):
        to_tf_keras(network(masked=True))


def test_a_mask_that_is_an_input():
    steps, mask = keras.Input((4, 3)), keras.Input((4,), dtype="bool")
    there, _ = same(keras.Model([steps, mask], layers.LSTM(3)(steps, mask=mask)), [STEPS, WORDS > 0])
    assert not np.allclose(there([STEPS, WORDS > 0]), there([STEPS, WORDS >= 0]))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_states_pass_from_one_recurrent_layer_to_the_next(kind):
    first, second = keras.Input((4, 3)), keras.Input((4, 3))
    _, *states = getattr(layers, kind)(5, return_state=True)(first)
    network = keras.Model([first, second], getattr(layers, kind)(5)(second, initial_state=states))
    same(network, [STEPS, STEPS[::-1].copy()])


def test_operations_that_are_no_layers_are_refused_by_name():
    start = keras.Input((3,))
    for outputs, said in (
        (start + start, r"\(Add\)"),
        (keras.ops.sin(layers.Dense(2)(start)), r"\(Sin\)"),
        (layers.Dense(2)(start)[:, :1], r"\(GetItem\)"),
    ):
        with pytest.raises(ModelError, match=rf"{said} does not cross.*no layer.*layers\.Add"):
            to_tf_keras(keras.Model(start, outputs))
    legacy = tf_keras()
    start = legacy.Input((3,))
    with pytest.raises(ModelError, match=r"\(TFOpLambda\) does not cross"):
        from_tf_keras(legacy.Model(start, start + start))


def test_tf_keras_holds_on_to_training_where_keras_3_does_not():
    legacy = tf_keras()
    start = legacy.Input((3,))
    frozen = legacy.Model(start, legacy.layers.BatchNormalization()(start, training=False))
    rows = np.ones((2, 3), np.float32)
    assert np.allclose(from_tf_keras(frozen)(rows), frozen(rows))
    always = legacy.Model(start, legacy.layers.Dropout(0.5, name="odd")(start, training=True))
    with pytest.raises(ModelError, match=r"'odd' \(Dropout\).*training=True"):
        from_tf_keras(always)
    start = keras.Input((50,))
    sometimes = keras.Model(start, layers.Dropout(0.5)(start, training=True))
    rows = np.ones((2, 50), np.float32)
    assert np.array_equal(to_tf_keras(sometimes)(rows, training=False), sometimes(rows, training=False))


def test_leaves_come_in_the_order_of_both_sides():
    nested = {"b": [1, (2, 3)], "a": 4}
    assert flat(nested) == keras.tree.flatten(nested) == [4, 1, 2, 3]
    assert mapped(lambda leaf: -leaf, nested) == {"b": [-1, (-2, -3)], "a": -4}

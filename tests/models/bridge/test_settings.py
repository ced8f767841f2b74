"""A layer's settings cross whole, or the layer is refused by name."""

import keras
import numpy as np
import pytest
from keras import layers

from mlflow_prod.errors import ModelError
from mlflow_prod.models.bridge import from_tf_keras, tf_keras, to_tf_keras
from mlflow_prod.models.bridge.settings import ACTIVATIONS

ROWS = np.linspace(-8, 8, 60, dtype=np.float32).reshape(10, 6)


def network_of(layer, shape=(6,), dtype=None):
    return keras.Sequential([keras.Input(shape, dtype=dtype), layer])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_the_same_on_both_sides(name):
    network = network_of(layers.Activation(name))
    expected = network(ROWS).numpy()
    assert np.allclose(to_tf_keras(network)(ROWS), expected, rtol=1e-6, atol=1e-6)


def test_every_other_activation_is_refused_because_tf_keras_lacks_it_or_computes_it_otherwise():
    others = {
        name
        for name in dir(keras.activations)
        if name not in (*ACTIVATIONS, "get", "serialize", "deserialize") and not name.startswith("_")
    }
    assert "hard_sigmoid" in others
    for name in others:
        called = layers.Activation(name).get_config()["activation"]
        with pytest.raises(ModelError, match=rf"'odd' \(Activation\) .*'{called}'"):
            to_tf_keras(network_of(layers.Activation(name, name="odd"), (6, 6, 2)))
    sigmoid = keras.activations.hard_sigmoid(ROWS).numpy()
    assert np.abs(tf_keras().layers.Activation("hard_sigmoid")(ROWS).numpy() - sigmoid).max() > 0.05


@pytest.mark.parametrize("family", ["initializers", "regularizers", "constraints"])
def test_what_a_layer_starts_from_and_is_held_to_crosses(family):
    given = {"Constant": {"value": 0.5}}
    role = f"kernel_{family[:-1]}"
    known = getattr(keras, family)
    kinds = {
        kind
        for name in dir(known)
        if isinstance(kind := getattr(known, name), type) and hasattr(tf_keras().__dict__[family], name)
    } - {getattr(known, family[:-1].capitalize())}
    assert kinds
    for kind in sorted(kinds, key=lambda kind: kind.__name__):
        layer = layers.Dense(6, **{role: kind(**given.get(kind.__name__, {}))})
        there = to_tf_keras(network_of(layer))
        crossed = getattr(there.layers[0], role)
        assert type(crossed) is getattr(getattr(tf_keras(), family), kind.__name__)
        back = from_tf_keras(there)
        assert back.layers[0].get_config()[role] == layer.get_config()[role]


class Own(layers.Layer):
    def call(self, inputs):
        return inputs


class Dense(layers.Dense):
    """Named as one of Keras's own."""


class OwnInitializer(keras.initializers.Zeros):
    pass


class OwnCell(layers.LSTMCell):
    pass


def with_lora():
    layer = layers.Dense(3, name="odd")
    layer.build((None, 6))
    layer.enable_lora(2)
    return layer


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Own(name="odd"), r"'odd' \(Own\)"),
        (lambda: Dense(3, name="odd"), r"'odd' \(Dense\)"),
        (lambda: layers.Lambda(lambda x: x, name="odd", output_shape=(6,)), r"'odd' \(Lambda\)"),
        (lambda: layers.RMSNormalization(name="odd"), r"'odd' \(RMSNormalization\)"),
        (lambda: layers.Dense(3, activation="hard_sigmoid", name="odd"), "hard_sigmoid"),
        (lambda: layers.Dense(3, activation=layers.ReLU(2.0), name="odd"), "activation"),
        (lambda: layers.Dense(3, kernel_initializer=OwnInitializer(), name="odd"), "OwnInitializer"),
        (lambda: layers.Dense(3, dtype="mixed_float16", name="odd"), "mixed_float16.* only float32"),
        (lambda: layers.Dense(3, dtype="float64", name="odd"), "float64.* only float32"),
        (lambda: layers.BatchNormalization(renorm=True, name="odd"), "renorm=True.* set it to False"),
        (lambda: layers.Dense(3, name="my layer"), r"'my layer' \(Dense\).*rename it"),
        (with_lora, "lora_rank=2"),
    ],
)
def test_a_layer_that_tf_keras_has_no_equal_of_is_refused_by_name(make, said):
    with pytest.raises(ModelError, match=said):
        to_tf_keras(network_of(make()))


def test_a_quantized_layer_is_refused():
    network = network_of(layers.Dense(3, name="odd"))
    network.quantize("int8")
    with pytest.raises(ModelError, match=r"'odd' \(Dense\).*int8"):
        to_tf_keras(network)


def test_a_recurrent_layer_with_a_memory_or_a_cell_of_its_own_is_refused():
    start = keras.Input(batch_shape=(2, 4, 3))
    with pytest.raises(ModelError, match=r"'odd' \(LSTM\).*stateful=True"):
        to_tf_keras(keras.Model(start, layers.LSTM(3, stateful=True, name="odd")(start)))
    with pytest.raises(ModelError, match=r"'odd' \(OwnCell\)"):
        to_tf_keras(network_of(layers.RNN(OwnCell(3, name="odd")), (4, 3)))


def test_settings_that_tf_keras_leaves_out_of_the_config_come_back():
    for layer, name in (
        (layers.SpatialDropout2D(0.1, data_format="channels_first"), "data_format"),
        (layers.BatchNormalization(synchronized=True), "synchronized"),
        (layers.AlphaDropout(0.1, noise_shape=(None, 1, 1, 1)), "noise_shape"),
    ):
        back = from_tf_keras(to_tf_keras(network_of(layer, (4, 4, 2))))
        assert back.layers[0].get_config()[name] == layer.get_config()[name]


def test_the_types_of_inputs_cross():
    for dtype in ("uint8", "int32", "float32"):
        network = network_of(layers.Rescaling(1 / 255), (4, 4, 1), dtype)
        there = to_tf_keras(network)
        assert there.inputs[0].dtype.name == dtype
        rows = np.arange(32).reshape(2, 4, 4, 1).astype(dtype)
        assert np.allclose(there(rows), network(rows), rtol=1e-6)
    words = keras.Input((4,), sparse=True, name="odd")
    with pytest.raises(ModelError, match=r"'odd' \(InputLayer\).*sparse=True"):
        to_tf_keras(keras.Model(words, layers.Dense(2)(words)))

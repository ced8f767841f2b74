import keras
import numpy as np
import pytest

from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.models import build

BINARY = Task("binary", "y", ("no", "yes"))
MANY = Task("multiclass", "y", ("a", "b", "c"))
NUMBER = Task("regression", "y")


def layers_of(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize(
    ("task", "outputs", "activation"), [(BINARY, 1, "sigmoid"), (MANY, 3, "softmax"), (NUMBER, 1, "linear")]
)
def test_the_last_layer_suits_the_task(task, outputs, activation):
    model = build((5,), task, units="7,4", dropout=0.1)
    assert model.output_shape == (None, outputs)
    assert [layer.units for layer in layers_of(model, keras.layers.Dense)] == [7, 4, outputs]
    assert model.layers[-1].activation.__name__ == activation
    assert [layer.rate for layer in layers_of(model, keras.layers.Dropout)] == [0.1, 0.1]
    assert model.compiled


@pytest.mark.parametrize(
    ("shape", "filters"),
    [((8, 8, 1), [16]), ((1, 1, 3), [16]), ((28, 28, 1), [16, 32]), ((5, 40, 3), [16, 32, 64])],
)
def test_images_of_any_size_get_convolutions_and_a_bounded_rest(shape, filters):
    model = build(shape, MANY)
    assert [layer.filters for layer in layers_of(model, keras.layers.Conv2D)] == filters
    flat = layers_of(model, keras.layers.Flatten)[0].output.shape[1]
    assert flat <= 7 * 7 * 64
    assert model(np.zeros((2, *shape), np.float32)).shape == (2, 3)


def test_an_image_may_be_read_without_convolutions():
    model = build((8, 8, 1), MANY, kind="mlp")
    assert not layers_of(model, keras.layers.Conv2D)


def test_equal_arguments_give_equal_networks_whatever_was_drawn_before():
    keras.utils.set_random_seed(1)
    first = build((5,), BINARY, seed=3)
    keras.utils.set_random_seed(2)
    again, other = build((5,), BINARY, seed=3), build((5,), BINARY, seed=4)
    for one, two in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])
    assert [layer.name for layer in first.layers] == [layer.name for layer in again.layers]


def test_no_two_layers_start_alike():
    weights = build((16,), BINARY, units="16,16").get_weights()
    assert not np.array_equal(weights[0], weights[2])


def test_a_regression_answers_in_the_targets_unit():
    model = build((3,), NUMBER, target_mean=150.0, target_spread=70.0)
    rows = np.random.default_rng(0).normal(size=(500, 3))
    assert abs(model.predict_on_batch(rows).mean() - 150) < 70


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("units", ""),
        ("units", "64,x"),
        ("units", "0"),
        ("units", "5000"),
        ("units", "8," * 32 + "8"),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", float("nan")),
        ("kind", "transformer"),
        ("kind", "cnn"),
        ("learning_rate", 0.0),
        ("learning_rate", float("inf")),
        ("seed", -1),
        ("target_spread", 0.0),
    ],
)
def test_a_bad_parameter_names_itself(name, value):
    with pytest.raises(InvalidParameter, match=f"{name} must be .*got {value!r}"):
        build((5,), BINARY, **{name: value})


@pytest.mark.parametrize("shape", [(), (0,), (4, 4)])
def test_a_shape_that_is_neither_a_row_nor_an_image_is_refused(shape):
    with pytest.raises(InvalidParameter, match="shape must be"):
        build(shape, BINARY)

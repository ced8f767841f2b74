import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression

from mlflow_prod.data import Task
from mlflow_prod.distill import Hint, distill, features_of, read_hint
from mlflow_prod.distill.hint import guided
from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.models import build
from mlflow_prod.train import fit

DIGITS = Task("multiclass", "label", tuple("0123456789"))


@pytest.fixture(scope="module")
def digits():
    inputs, target = load_digits(return_X_y=True)
    return (inputs / 16).astype(np.float32), target.astype(np.int64)


@pytest.fixture(scope="module")
def teacher(digits):
    network = build((64,), DIGITS, units="32,16", learning_rate=0.01)
    fit(network, digits[0][:1000], digits[1][:1000], epochs=8, batch_size=64, progress=False)
    return network


def student(seed=1):
    return build((64,), DIGITS, units="8", learning_rate=0.01, seed=seed)


def test_the_features_are_what_the_layer_makes_of_the_rows(digits, teacher):
    inputs = digits[0][:1500]
    first, second = (teacher.get_layer(name).get_weights() for name in ("dense_1", "dense_2"))
    expected = np.maximum(np.maximum(inputs @ first[0] + first[1], 0) @ second[0] + second[1], 0)
    np.testing.assert_allclose(features_of(teacher, "dense_2", inputs), expected, rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.floats(0.01, 10), st.floats(0.1, 1000))
def test_the_loss_is_the_students_own_and_half_the_squares_that_the_map_misses(seed, beta, scale):
    rng = np.random.default_rng(seed)
    features, inputs = scale * rng.normal(2, 3, (12, 5)), rng.normal(size=(12, 64)).astype(np.float32)
    hint, one = Hint("dense_1", features, beta=beta), student()
    outputs, loss = guided(one, hint, lambda target, scores: 3 * ops.sum(scores, axis=-1), 2, seed=0)
    learner = keras.Model(one.inputs, outputs)
    weight, bias = next(layer for layer in learner.layers if layer not in one.layers).get_weights()
    mapped = np.asarray(keras.Model(one.inputs, one.get_layer("dense_1").output)(inputs)) @ weight + bias
    target = np.hstack([np.zeros((12, 2)), hint.of(features, 12)]).astype(np.float32)
    expected = 3 + beta / 2 * np.mean((features / np.sqrt(features.var(axis=0).mean()) - mapped) ** 2, axis=1)
    np.testing.assert_allclose(loss(ops.array(target), learner(inputs)), expected, rtol=1e-3)


def explained(network, features, inputs):
    """The share of the teacher's features that a linear map of the student's hidden layer explains."""
    hidden = features_of(network, "dense_1", inputs)
    return LinearRegression().fit(hidden[:1000], features[:1000]).score(hidden[1000:], features[1000:])


def test_a_hinted_student_says_more_of_what_the_teacher_does_and_keeps_its_layers(digits):
    inputs, target = digits
    # Of an untrained layer the answers say little: what the student knows of it comes from the hint.
    features = features_of(build((64,), DIGITS, units="16", seed=7), "dense_1", inputs)
    students = [student() for _ in range(3)]
    hint = Hint("dense_1", features[:1000], features[1000:1200], 50.0)
    scores = np.full((len(inputs), 10), 0.1, np.float32)
    for one, given_hint in zip(students, (None, hint, hint), strict=True):
        names = [layer.name for layer in one.layers]
        history = distill(
            scores[:1000],
            one,
            inputs[:1000],
            target[:1000],
            alpha=0.0,
            hint=given_hint,
            validation=(inputs[1000:1200], target[1000:1200], scores[1000:1200]),
            epochs=12,
            batch_size=64,
            progress=False,
        )
        assert history.val_loss[-1] < history.val_loss[0]
        assert [layer.name for layer in one.layers] == names
        assert one.loss == "sparse_categorical_crossentropy"
    plain, hinted = (explained(one, features, inputs) for one in students[:2])
    assert hinted > plain + 0.15
    np.testing.assert_array_equal(students[1](inputs[:5]), students[2](inputs[:5]))


def test_maps_of_pixels_are_matched_pixel_by_pixel(digits):
    images, target = digits[0][:300].reshape(-1, 8, 8, 1), digits[1][:300]
    large, small = (
        keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(filters, 3, padding="same", activation="relu", name="maps"),
                layers.Flatten(),
                layers.Dense(10, "softmax"),
            ]
        )
        for filters in (6, 2)
    )
    small.compile("adam", loss="sparse_categorical_crossentropy")
    features = features_of(large, "maps", images)
    assert features.shape == (300, 8, 8, 6)
    before = small.get_layer("maps").get_weights()[0].copy()
    hint = Hint("maps", features)
    history = distill(np.asarray(large(images)), small, images, target, hint=hint, epochs=3, progress=False)
    assert history.loss[-1] < history.loss[0]
    assert not np.array_equal(before, small.get_layer("maps").get_weights()[0])


def test_a_regression_is_hinted_too():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(400, 4)).astype(np.float32)
    target = np.tanh(inputs @ [1.0, -1.0, 0.5, 0.0])
    one = build((4,), Task("regression", "y"), units="8", learning_rate=0.02)
    hint = Hint("dense_1", inputs[:, :2])
    history = distill(target, one, inputs, target, hint=hint, epochs=20, batch_size=50, progress=False)
    assert history.loss[-1] < history.loss[0] / 3
    assert np.corrcoef(np.asarray(one(inputs))[:, 0], target)[0, 1] > 0.95


def test_what_is_no_hint_is_refused(digits, teacher):
    inputs, target, scores = digits[0][:50], digits[1][:50], np.asarray(teacher(digits[0][:50]))
    features = features_of(teacher, "dense_2", inputs)
    for text in ("", "dense_1", ":dense_1", "dense_1:"):
        with pytest.raises(InvalidParameter, match="teacher_layer:student_layer"):
            read_hint(text)
    with pytest.raises(
        InvalidParameter, match=r"the teacher has no layer 'dense_3' \(did you mean 'dense_\d'"
    ):
        features_of(teacher, "dense_3", inputs)
    with pytest.raises(
        InvalidParameter, match=r"the student has no layer 'dense_2' \(did you mean 'dense_1'"
    ):
        distill(scores, student(), inputs, target, hint=Hint("dense_2", features), progress=False)
    with pytest.raises(InvalidParameter, match=r"of the same height and width, got '\(2, 2, 4\) and \(8,\)'"):
        maps = features.reshape(50, 2, 2, 4)
        distill(scores, student(), inputs, target, hint=Hint("dense_1", maps), progress=False)
    with pytest.raises(DataError, match="features of 40 rows for 50"):
        distill(scores, student(), inputs, target, hint=Hint("dense_1", features[:40]), progress=False)
    with pytest.raises(DataError, match="features of 0 rows for 50"):
        check = (inputs, target, scores)
        distill(scores, student(), inputs, target, hint=Hint("dense_1", features), validation=check)
    for beta in (0, -1, np.nan, np.inf):
        with pytest.raises(InvalidParameter, match="beta must be a number > 0"):
            Hint("dense_1", features, beta=beta)
    with pytest.raises(DataError, match="NaN"):
        Hint("dense_1", np.array([[1.0, np.nan]]))
    with pytest.raises(DataError, match="the same of every row"):
        Hint("dense_1", np.ones((5, 2)))


def test_layers_without_one_output_are_refused():
    shared = layers.Dense(4, name="shared")
    start = keras.Input((4,))
    twice = keras.Model(start, layers.Dense(1, "sigmoid")(shared(shared(start))))
    with pytest.raises(InvalidParameter, match="'shared' of the teacher is used several times"):
        features_of(twice, "shared", np.ones((3, 4)))

    class Called(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(ModelError, match="the teacher must be a Sequential or Functional"):
        features_of(Called(), "any", np.ones((3, 4)))

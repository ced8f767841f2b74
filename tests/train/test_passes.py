import keras
import numpy as np
import pytest

from mlflow_prod.train.passes import STEPS_PER_CALL, make_pass, warm


@pytest.fixture(scope="module")
def model():
    start = keras.initializers.GlorotUniform(seed=1)
    network = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(1, "sigmoid", kernel_initializer=start)]
    )
    network.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    return network


@pytest.mark.parametrize("rows", [1, 7, 3 * STEPS_PER_CALL + 1])
def test_a_pass_of_test_steps_gives_what_keras_evaluate_gives(model, rows):
    rng = np.random.default_rng(rows)
    arrays = (rng.normal(size=(rows, 4)).astype(np.float32), rng.integers(0, 2, rows))
    warm(model, arrays)
    metrics = make_pass(model, model.test_step, arrays, batch_size=3)(np.arange(rows))
    expected = model.evaluate(*arrays, batch_size=3, verbose=0, return_dict=True)
    assert metrics == pytest.approx(expected, rel=1e-5)


def test_a_batch_larger_than_can_be_counted_is_all_rows(model):
    rng = np.random.default_rng(3)
    arrays = (rng.normal(size=(30, 4)).astype(np.float32), rng.integers(0, 2, 30))
    warm(model, arrays)
    metrics = make_pass(model, model.test_step, arrays, batch_size=2**63)(np.arange(30))
    expected = model.evaluate(*arrays, batch_size=30, verbose=0, return_dict=True)
    assert metrics == pytest.approx(expected, rel=1e-5)


def test_only_the_rows_of_the_order_count(model):
    rng = np.random.default_rng(2)
    arrays = (rng.normal(size=(30, 4)).astype(np.float32), rng.integers(0, 2, 30))
    warm(model, arrays)
    chosen = np.array([3, 28, 11])
    metrics = make_pass(model, model.test_step, arrays, batch_size=2)(chosen)
    expected = model.evaluate(arrays[0][chosen], arrays[1][chosen], verbose=0, return_dict=True)
    assert metrics == pytest.approx(expected, rel=1e-5)


def test_warming_up_moves_no_weight_and_leaves_no_metric(model):
    before = model.get_weights()
    warm(model, (np.ones((2, 4), np.float32), np.array([0, 1])))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.get_metrics_result()["loss"] == 0.0

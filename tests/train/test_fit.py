import _thread
import threading

import keras
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.preprocessing import StandardScaler

from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.train import fit


def network(
    columns, outputs=1, activation="sigmoid", loss="binary_crossentropy", rate=0.01, dropout=0.0, metrics=()
):
    layers = [
        keras.Input((columns,)),
        keras.layers.Dense(8, "relu", kernel_initializer=keras.initializers.GlorotUniform(seed=1)),
        keras.layers.Dropout(dropout, seed=2),
        keras.layers.Dense(outputs, activation, kernel_initializer=keras.initializers.GlorotUniform(seed=3)),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(rate), loss=loss, metrics=list(metrics))
    return model


@pytest.fixture(scope="module")
def cancer():
    inputs, target = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(inputs).astype(np.float32), target.astype(np.int64)


def test_it_takes_the_same_steps_as_keras_fit_on_the_same_rows_in_the_same_order(cancer):
    inputs, target = cancer
    weight = np.random.default_rng(5).uniform(0.5, 2, len(target))
    ours, theirs = network(30, metrics=["accuracy"]), network(30, metrics=["accuracy"])
    history = fit(ours, inputs, target, weight=weight, epochs=2, batch_size=50, seed=9, progress=False)
    order = np.random.default_rng(9)
    for epoch in range(2):
        rows = order.permutation(len(inputs))
        share = (weight / weight.mean())[rows]
        loss = theirs.fit(
            inputs[rows], target[rows], sample_weight=share, batch_size=50, shuffle=False, verbose=0
        ).history["loss"]
        assert history.loss[epoch] == pytest.approx(loss[0], rel=1e-4)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)


def test_the_same_seed_gives_the_same_weights_with_dropout_too(cancer):
    trained = []
    for seed in (4, 4, 5):
        model = network(30, dropout=0.3)
        fit(model, *cancer, epochs=2, batch_size=64, seed=seed, progress=False)
        trained.append(np.concatenate([array.ravel() for array in model.get_weights()]))
    np.testing.assert_array_equal(trained[0], trained[1])
    assert np.abs(trained[0] - trained[2]).max() > 1e-3


def test_the_global_random_state_is_left_alone(cancer):
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.RandomState(3).random()
    fit(network(30), *cancer, epochs=1, progress=False)
    assert np.random.random() == expected  # noqa: NPY002


def test_training_stops_early_and_the_network_holds_its_best_epoch():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 20)).astype(np.float32)
    noise = rng.integers(0, 2, 60)
    check = (rng.normal(size=(500, 20)).astype(np.float32), rng.integers(0, 2, 500))
    model = network(20, rate=0.1)
    history = fit(
        model, inputs, noise, validation=check, epochs=40, batch_size=20, patience=3, progress=False
    )
    assert len(history.loss) == len(history.val_loss) == len(history.seconds) == history.best_epoch + 3
    assert history.best_epoch == 1 + int(np.argmin(history.val_loss))
    assert model.evaluate(*check, verbose=0) == pytest.approx(min(history.val_loss), rel=1e-4)


def test_a_multiclass_network_learns_digits():
    inputs, target = load_digits(return_X_y=True)
    inputs = (inputs / 16).astype(np.float32)
    model = network(64, 10, "softmax", "sparse_categorical_crossentropy", rate=0.02)
    fit(model, inputs[:1400], target[:1400], epochs=25, batch_size=32, progress=False)
    assert np.mean(np.argmax(model(inputs[1400:]), axis=1) == target[1400:]) > 0.75


def test_a_regression_network_learns_from_float64_targets():
    inputs, target = load_diabetes(return_X_y=True)
    inputs, target = (inputs * 20).astype(np.float32), (target - target.mean()) / target.std()
    model = network(10, activation="linear", loss="mean_squared_error", rate=0.01)
    history = fit(model, inputs, target, epochs=30, batch_size=32, progress=False)
    assert history.val_loss == []
    assert min(history.loss) < 0.55


def test_rows_of_weight_zero_teach_nothing(cancer):
    inputs, target = cancer
    wrong = np.where(np.arange(len(target)) % 2, target, 1 - target)
    model = network(30, rate=0.02)
    fit(model, inputs, wrong, weight=np.arange(len(target)) % 2.0, epochs=8, batch_size=64, progress=False)
    assert np.mean((np.asarray(model(inputs))[:, 0] > 0.5) == target) > 0.9


def test_a_loss_that_explodes_is_an_error_that_says_what_to_do(cancer):
    model = network(30, 1, "linear", "mean_squared_error", rate=1e30)
    with pytest.raises(
        ModelError, match=r"the loss is (nan|inf) in epoch .*Lower the learning rate \(now 1e\+30\)"
    ):
        fit(model, cancer[0], cancer[1] * 1.0, epochs=5, progress=False)


def test_ctrl_c_passes_through(cancer):
    model = network(30)
    timer = threading.Timer(1.5, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        fit(model, *cancer, epochs=100_000, patience=100_000, progress=False)
    timer.join()
    assert all(np.isfinite(array).all() for array in model.get_weights())


def test_progress_goes_to_stderr_and_only_when_wanted(cancer, capsys):
    fit(network(30), *cancer, epochs=2)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2/2" in shown.err
    fit(network(30), *cancer, epochs=1, progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("batch_size", 0), ("patience", -1), ("seed", -1)]
)
def test_a_bad_parameter_names_itself(cancer, name, value):
    with pytest.raises(InvalidParameter, match=f"{name} must be >= .*, got {value}"):
        fit(network(30), *cancer, **{name: value}, progress=False)


def test_arrays_that_cannot_be_learnt_from_are_refused(cancer):
    inputs, target = cancer
    model = network(30)
    hole = inputs.copy()
    hole[3, 3] = np.nan
    cases = [
        ((inputs[:-1], target), {}, "as many rows each"),
        ((inputs[:0], target[:0]), {}, "too few"),
        ((hole, target), {}, "training inputs holds missing or infinite"),
        ((inputs, target * 2), {}, "class codes from 0 to 2, the network knows 0 to 1"),
        ((inputs, target), {"weight": -np.ones(len(target))}, "weight must be >= 0"),
        ((inputs, target), {"weight": np.zeros(len(target))}, "not all 0"),
        ((inputs, target), {"validation": (hole, target)}, "validation inputs holds missing"),
    ]
    for arrays, options, message in cases:
        with pytest.raises(DataError, match=message):
            fit(model, *arrays, **options, progress=False)

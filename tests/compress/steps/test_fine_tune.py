import dataclasses

import numpy as np
import pytest

from mlflow_prod.compress.steps.fine_tune import fine_tune, suited
from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.models.bridge import tf_keras


@pytest.fixture(scope="module")
def small():
    """A maker of networks of one layer."""

    def make(units=1, activation="sigmoid", shape=(20,)):
        keras = tf_keras()
        return keras.Sequential(
            [keras.layers.Input(shape), keras.layers.Dense(units, activation, name="only")], name="small"
        )

    return make


def test_it_learns_and_shows_its_progress_on_standard_error(small, training, capsys):
    network = small()
    quick = dataclasses.replace(training, learning_rate=0.05, epochs=6, progress=True)
    fine_tune(network, quick, "cluster")
    scores = network(training.validation[0], training=False).numpy()[:, 0]
    assert ((scores >= 0.5) == training.validation[1]).mean() > 0.9
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "cluster: 100%" in shown.err


def test_the_best_epoch_is_looked_for_where_it_may_be(small, training, rows):
    """With labels turned round for validation every epoch is worse than the one before."""
    network = small()
    against = dataclasses.replace(
        training, validation=(rows, 1 - training.target), learning_rate=0.05, epochs=4
    )
    start = network.get_weights()
    kept = {}
    for settled in (1, 3):
        network.set_weights(start)
        fine_tune(network, against, "try", settled=settled)
        kept[settled] = network.evaluate(rows, against.validation[1][:, None], verbose=0)
    assert kept[1] < kept[3]


def test_classes_are_learnt_in_silence(small, training, rows, capfd):
    target = np.digitize(rows[:, :3].sum(axis=1), [-1, 1])
    network = small(3, "softmax")
    some = dataclasses.replace(
        training, kind="multiclass", target=target, validation=None, learning_rate=0.02, epochs=6
    )
    fine_tune(network, some, "try")
    assert (network(rows, training=False).numpy().argmax(axis=1) == target).mean() > 0.75
    assert capfd.readouterr() == ("", "")


def test_numbers_are_learnt_and_rows_without_weight_do_not_count(small, training, rows):
    score = rows[:, :3].sum(axis=1).astype(np.float64)
    counts = np.arange(500) < 250
    some = dataclasses.replace(
        training,
        kind="regression",
        target=np.where(counts, score, -score),
        weight=counts.astype(float),
        validation=None,
        learning_rate=0.02,
        epochs=6,
    )
    network = small(1, "linear")
    fine_tune(network, some, "try")
    assert np.corrcoef(network(rows, training=False).numpy()[:, 0], score)[0, 1] > 0.9


def test_a_loss_that_is_no_number_is_an_error(small, training):
    network = small(1, "linear")
    extreme = dataclasses.replace(
        training,
        kind="regression",
        inputs=training.inputs * 1e20,
        target=training.target * 1e30,
        validation=None,
    )
    with pytest.raises(ModelError, match=r"try: training diverged: the loss is .* in epoch 1. Lower"):
        fine_tune(network, extreme, "try")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"inputs": np.empty((0, 20)), "target": np.empty(0, int)}, "0 training rows are too few"),
        ({"inputs": np.zeros((500, 19))}, r"shape \(500, 19\), small takes \(n, 20\)"),
        ({"inputs": np.zeros(500)}, r"shape \(500,\)"),
        ({"inputs": np.full((500, 20), np.nan)}, "inputs holds missing or infinite"),
        ({"target": np.zeros(499, int)}, "as many rows each"),
        ({"target": np.full(500, 2)}, "class codes from 2 to 2"),
        ({"target": np.zeros((500, 1), int)}, r"target must have shape \(n,\)"),
        ({"weight": np.full(500, -1.0)}, "weight must be >= 0"),
        ({"validation": (np.zeros((5, 19)), np.zeros(5, int))}, r"validation inputs have shape \(5, 19\)"),
    ],
)
def test_rows_that_do_not_fit_are_refused(changed, told, small, training):
    with pytest.raises(DataError, match=told):
        suited(small(), dataclasses.replace(training, **changed))


def test_networks_that_do_not_fit_are_refused(small, training):
    with pytest.raises(ModelError, match=r"shape \(n, 3\), a binary task takes \(n, 1\)"):
        suited(small(3), training)
    with pytest.raises(ModelError, match=r"a multiclass task takes \(n, classes\)"):
        suited(small(), dataclasses.replace(training, kind="multiclass"))
    network = small(1, "linear")
    with pytest.raises(ModelError, match="not answer in probabilities: end it with a sigmoid"):
        suited(network, training)
    keras = tf_keras()
    first, second = keras.layers.Input((20,)), keras.layers.Input((20,))
    two = keras.Model([first, second], keras.layers.Add()([first, second]), name="two")
    with pytest.raises(ModelError, match="two has 2 and 1: choose a recipe without steps"):
        suited(two, training)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kind": "ranking"}, "kind must be one of binary"),
        ({"epochs": 0}, "epochs must be >= 1"),
        ({"batch_size": 0}, "batch_size must be >= 1"),
        ({"learning_rate": 0.0}, "learning_rate must be a number > 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number > 0"),
        ({"seed": -1}, "seed must be >= 0"),
    ],
)
def test_a_bad_parameter_names_itself(changed, told, training):
    with pytest.raises(InvalidParameter, match=told):
        dataclasses.replace(training, **changed)

import keras_tuner
import numpy as np
import pytest

from mlflow_prod.data import Task
from mlflow_prod.tune import default_space, search

BINARY = Task("binary", "repaid", ("no", "yes"))


def test_the_space_is_over_width_layers_dropout_and_learning_rate():
    values = keras_tuner.HyperParameters()
    network = default_space((5,), BINARY)(values)
    assert {hp.name for hp in values.space} == {"units", "layers", "dropout", "learning_rate"}
    assert network.output_shape == (None, 1)


def test_values_of_a_trial_make_its_network():
    values = keras_tuner.HyperParameters()
    values.values = {"units": 32, "layers": 3, "dropout": 0.2, "learning_rate": 0.005}
    network = default_space((5,), BINARY)(values)
    widths = [layer.units for layer in network.layers if hasattr(layer, "units")]
    assert widths == [32, 32, 32, 1]
    assert float(network.optimizer.learning_rate.numpy()) == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("shape", "task", "outputs"),
    [
        ((8, 8, 1), Task("multiclass", "digit", tuple("0123456789")), 10),
        ((5,), Task("regression", "price"), 1),
    ],
)
def test_every_kind_of_task_can_be_searched(shape, task, outputs):
    rows = np.zeros((2, *shape), np.float32)
    space = default_space(shape, task, seed=1)
    trials = search(
        space, lambda network, values: float(network(rows).shape[1]), trials=2, maximise=True, progress=False
    )
    assert [trial.score for trial in trials] == [outputs] * 2

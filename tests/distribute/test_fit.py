import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from mlflow_prod.distribute import fit
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.train import fit as fit_alone

# Virtual devices must be made before TensorFlow starts: in a process of its own.
TWO_DEVICES = """
import json
import numpy as np
import tensorflow as tf
half = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [half, half])
import keras
from mlflow_prod.distribute import fit
from mlflow_prod.errors import DataError

rng = np.random.default_rng(0)
inputs = rng.normal(size=(202, 5)).astype(np.float32)
target = (inputs[:, 0] > inputs[:, 1] * inputs[:, 2]).astype(np.int64)
check = (inputs[:51], target[:51])
arrays = dict(validation=check, weight=rng.uniform(0.5, 2, 202), epochs=3, progress=False)

def build():
    starts = [keras.initializers.GlorotUniform(seed=seed) for seed in (1, 2)]
    network = keras.Sequential([
        keras.Input((5,)),
        keras.layers.Dense(8, "relu", kernel_initializer=starts[0]),
        keras.layers.Dense(1, "sigmoid", kernel_initializer=starts[1]),
    ])
    network.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return network

one = fit(build, inputs, target, strategy="one_device", batch_size=64, **arrays)
two = fit(build, inputs, target, strategy="mirrored", batch_size=32, scale_learning_rate=False, **arrays)
scaled = fit(build, inputs, target, strategy="mirrored", batch_size=32, **{**arrays, "epochs": 1})
try:
    fit(build, inputs[:1], target[:1], strategy="mirrored", progress=False)
    refusal = ""
except DataError as error:
    refusal = str(error)

def apart(network, other):
    pairs = zip(network.get_weights(), other.get_weights(), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)

print(json.dumps({
    "apart": apart(one.network, two.network),
    "moved": apart(one.network, build()),
    "loss": [one.history.loss, two.history.loss],
    "two": [two.replicas, two.global_batch, two.learning_rate],
    "scaled": [scaled.replicas, scaled.global_batch, scaled.learning_rate],
    "refusal": refusal,
}))
"""


@pytest.fixture(scope="module")
def two_devices():
    done = subprocess.run([sys.executable, "-c", TWO_DEVICES], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_two_mirrored_devices_end_with_the_weights_of_one_at_the_same_global_batch(two_devices):
    assert two_devices["moved"] > 0.01
    assert two_devices["apart"] < 1e-5
    assert two_devices["loss"][0] == pytest.approx(two_devices["loss"][1], rel=1e-5)
    assert two_devices["two"] == [2, 64, pytest.approx(0.01)]


def test_the_learning_rate_follows_the_global_batch(two_devices):
    assert two_devices["scaled"] == [2, 64, pytest.approx(0.02)]


def test_fewer_rows_than_replicas_are_refused(two_devices):
    assert two_devices["refusal"] == "1 training rows are too few: at least 2 are needed"


def build():
    start = keras.initializers.GlorotUniform(seed=1)
    network = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(1, "sigmoid", kernel_initializer=start)]
    )
    network.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return network


@pytest.mark.parametrize("name", ["one_device", "mirrored"])
def test_on_one_device_it_trains_as_without_a_strategy_and_measures_the_pace(name):
    inputs = np.random.default_rng(1).normal(size=(100, 3)).astype(np.float32)
    target = (inputs[:, 0] > 0).astype(np.int64)
    done = fit(build, inputs, target, strategy=name, batch_size=25, epochs=3, progress=False)
    alone = build()
    fit_alone(alone, inputs, target, batch_size=25, epochs=3, progress=False)
    np.testing.assert_allclose(done.network.get_weights()[0], alone.get_weights()[0], atol=1e-6)
    assert (done.replicas, done.global_batch) == (1, 25)
    assert done.rows_per_second * done.step_seconds == pytest.approx(25)


def test_a_bad_batch_size_is_refused():
    with pytest.raises(InvalidParameter, match="batch_size must be >= 1, got 0"):
        fit(build, np.ones((2, 3), np.float32), np.array([0, 1]), batch_size=0)

import numpy as np
import pytest

from mlflow_prod import train
from mlflow_prod.compress import convert
from mlflow_prod.compress.steps import QAT, Cluster, Prune, Training
from mlflow_prod.data import Task
from mlflow_prod.models import build
from mlflow_prod.models.bridge import tf_keras, to_tf_keras
from mlflow_prod.tflite import contents

PRUNE, CLUSTER = Prune(0.75), Cluster(8)


@pytest.fixture(scope="session")
def rows():
    return np.random.default_rng(1).normal(size=(500, 20)).astype(np.float32)


@pytest.fixture(scope="session")
def target(rows):
    return (rows[:, :5].sum(axis=1) > 0).astype(np.int64)


@pytest.fixture(scope="session")
def keras_network(rows, target):
    network = build(
        (20,), Task("binary", "repaid", ("no", "yes")), units="64", dropout=0.2, learning_rate=0.01
    )
    train.fit(network, rows, target, epochs=10, batch_size=50, progress=False)
    return network


@pytest.fixture(scope="session")
def network(keras_network):
    return to_tf_keras(keras_network)


@pytest.fixture(scope="session")
def training(rows, target):
    return Training(
        rows, target, "binary", (rows[:100], target[:100]), epochs=2, batch_size=50, progress=False
    )


@pytest.fixture(scope="session")
def pruned(network, training):
    return PRUNE.apply(network, training)


@pytest.fixture(scope="session")
def clustered(pruned, training):
    return CLUSTER.apply(pruned, training, (PRUNE,))


@pytest.fixture(scope="session")
def quantized(clustered, training):
    return QAT().apply(clustered, training, (PRUNE, CLUSTER))


@pytest.fixture(scope="session")
def images():
    """An image network whose layers are what the toolkit treats in ways of their own, and rows for it."""
    layers = tf_keras().layers
    inputs = layers.Input((6, 6, 1), name="input")
    tensor = layers.Conv2D(4, 3, use_bias=False, name="folded")(inputs)
    tensor = layers.BatchNormalization(name="normal")(tensor)
    tensor = layers.ReLU(name="relu_1")(tensor)
    tensor = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(tensor)
    tensor = layers.Conv2D(6, 3, name="before_relu")(tensor)
    tensor = layers.ReLU(name="relu_2")(tensor)
    tensor = layers.Dense(3, activation="softmax", name="score")(layers.Flatten(name="flat")(tensor))
    network = tf_keras().Model(inputs, tensor, name="cnn")
    draw = np.random.default_rng(0)
    network.set_weights(
        [
            np.abs(weight) if "variance" in variable.name else weight
            for variable in network.weights
            for weight in [draw.normal(0, 0.5, variable.shape).astype(np.float32)]
        ]
    )
    rows = draw.random((120, 6, 6, 1)).astype(np.float32)
    return network, Training(
        rows, draw.integers(0, 3, 120), "multiclass", epochs=2, batch_size=30, progress=False
    )


@pytest.fixture(scope="session")
def int8_file():
    """What the int8 file of a tf_keras network holds."""
    return lambda network, rows: contents(convert(network, "int8", rows))


@pytest.fixture(scope="session")
def quantized_file(quantized, rows, int8_file):
    return int8_file(quantized, rows)

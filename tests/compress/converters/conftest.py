import numpy as np
import pytest

from mlflow_prod.models.bridge import tf_keras, tfmot


@pytest.fixture(scope="session")
def run():
    """Runs a file on arrays by the names of its inputs, and gives floats by the names of its outputs."""
    return in_litert


def in_litert(content, arrays, signature="serving_default"):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    runner = interpreter.get_signature_runner(signature)
    given = {name: _stored(arrays[name], told) for name, told in runner.get_input_details().items()}
    outputs = runner.get_output_details()
    return {name: _real(array, outputs[name]) for name, array in runner(**given).items()}


def _stored(array, told):
    if told["dtype"] == np.int8:
        scale, zero = told["quantization"]
        return np.clip(np.rint(array / scale) + zero, -128, 127).astype(np.int8)
    assert array.dtype == told["dtype"]
    return array


def _real(array, told):
    scale, zero = told["quantization"]
    return (array.astype(np.float32) - zero) * scale if scale else array


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(0).random((60, 8, 8, 1)).astype(np.float32)


@pytest.fixture(scope="session")
def quantized(images):
    """A network of tf_keras that has been trained with quantization for a moment, and its answers."""
    layers = tf_keras().layers
    network = tf_keras().Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(8, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )
    trained = tfmot().quantization.keras.quantize_model(network)
    trained.compile("adam", "sparse_categorical_crossentropy")
    trained.fit(images, np.arange(len(images)) % 5, epochs=3, batch_size=20, verbose=0)
    return trained, trained(images, training=False).numpy()

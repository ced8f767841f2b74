import dataclasses
import os

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from mlflow_prod.compress import Recipe, Training, compress, convert
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models import build


@pytest.fixture(scope="module")
def training(rows):
    target = (rows[:, 0] > 0).astype(np.int64)
    return Training(rows, target, "binary", epochs=1, batch_size=100, progress=False)


@pytest.fixture(scope="module")
def whole(network, training, rows):
    """By every step there is."""
    return compress(network, Recipe.read("prune(0.75)+cluster(16)+qat+int8"), training, rows)


def answers(content, rows):
    interpreter = Interpreter(model_content=content)
    detail = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(detail["index"], rows.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], rows)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_a_recipe_without_steps_is_its_converter(network, rows, float32_file):
    plain = compress(network, Recipe.read("float32"))
    assert (plain.content, plain.measures) == (float32_file, ())
    assert plain.contents.bytes == len(float32_file)
    assert compress(network, Recipe.read("int8"), calibration=rows).content == convert(network, "int8", rows)


def test_every_step_is_told_from_the_file_and_the_file_answers(whole, rows):
    found = {measure.name: measure.value for measure in whole.measures}
    assert list(found) == ["sparsity", "clusters", "int8_kernels"]
    assert 0.75 <= found["sparsity"] < 0.85
    assert found["clusters"] <= 16
    assert found["int8_kernels"] == 1
    assert whole.contents.all_integer
    scores = answers(whole.content, rows)
    assert scores.shape == (300, 1)
    assert scores.std() > 0


def test_the_network_and_the_environment_stay_as_they_were(network, whole):
    assert not any(
        (np.asarray(weight) == 0).mean() > 0.5 for weight in network.get_weights() if weight.ndim > 1
    )
    assert [layer.name for layer in network.layers] == ["input", "dense_1", "dense_2", "score"]
    assert network.compiled
    assert "TF_USE_LEGACY_KERAS" not in os.environ


def test_steps_without_quantization_go_to_any_converter(network, training, whole):
    found = compress(network, Recipe.read("prune(0.9)+float16"), training)
    (sparsity,) = found.measures
    assert sparsity.value == pytest.approx(0.9, abs=0.002)
    assert {kernel.dtype for kernel in found.contents.kernels} == {"float16"}
    assert found.contents.gzip < whole.contents.bytes


def test_a_file_that_lost_what_a_step_made_is_refused(training):
    """A batch normalization is multiplied into the kernel before it, by another number in each channel."""
    inputs = keras.Input((20,))
    tensor = keras.layers.BatchNormalization()(keras.layers.Dense(32, use_bias=False)(inputs))
    network = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(keras.layers.ReLU()(tensor)))
    draw = np.random.default_rng(0)
    network.set_weights([draw.uniform(0.5, 2, weight.shape) for weight in network.get_weights()])
    with pytest.raises(
        ModelError, match=r"8 clusters were not kept: a FULLY_CONNECTED kernel of shape .32, 20."
    ):
        compress(network, Recipe.read("cluster(8)+float32"), training)


def test_steps_need_layers_and_rows(network, training, tmp_path, rows):
    recipe = Recipe.read("prune(0.75)+int8")
    network.export(tmp_path / "saved", verbose=False)
    assert compress(tmp_path / "saved", Recipe.read("int8"), calibration=rows).contents.all_integer
    with pytest.raises(
        ModelError, match=r"prune\(0.75\)\+int8 trains layers, which a SavedModel folder no longer has"
    ):
        compress(tmp_path / "saved", recipe, training, rows)
    with pytest.raises(InvalidParameter, match="training must be rows to train on"):
        compress(network, recipe)


def test_what_a_step_or_the_bridge_cannot_do_is_refused_before_training(task, training, rows):
    @keras.saving.register_keras_serializable("tests")
    class Own(keras.layers.Layer):
        def call(self, x):
            return x * 2

    inputs = keras.Input((20,))
    own = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(Own(name="mine")(inputs)))
    with pytest.raises(ModelError, match=r"'mine' .Own."):
        compress(own, Recipe.read("prune+int8"), training, rows)
    with pytest.raises(InvalidParameter, match="clusters must be at most 2, the weights of layer score"):
        compress(build((20,), task, units="2"), Recipe.read("cluster(16)+int8"), training, rows)
    with pytest.raises(InvalidParameter, match="calibration must be"):
        compress(build((20,), task, units="8"), Recipe.read("int8"), training)


def test_a_compression_that_diverges_ends_in_an_error(task, training, rows):
    wild = dataclasses.replace(training, learning_rate=1e30)
    with pytest.raises(ModelError, match=r"prune: training diverged: the loss is nan in epoch 1"):
        compress(build((20,), task, units="8"), Recipe.read("prune+int8"), wild, rows)

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from mlflow_prod.compress import CONVERTERS, Converter, convert
from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models import build

# Largest difference of a probability, from what each format rounds.
ROUNDING = {"float32": 1e-6, "dynamic_range": 0.02, "float16": 1e-3, "int8": 0.03}


@pytest.fixture(scope="module")
def files(network, rows):
    return {name: convert(network, name, rows) for name in CONVERTERS}


def run(content, rows):
    interpreter = Interpreter(model_content=content)
    detail = interpreter.get_input_details()[0]
    assert detail["dtype"] == interpreter.get_output_details()[0]["dtype"] == np.float32
    interpreter.resize_tensor_input(detail["index"], rows.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], rows)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@pytest.mark.parametrize("name", CONVERTERS)
def test_the_file_answers_as_the_network_up_to_its_rounding(name, files, network, rows):
    assert isinstance(CONVERTERS[name], Converter)
    expected = network(rows, training=False).numpy()
    assert np.abs(run(files[name], rows) - expected).max() < ROUNDING[name]


def test_int8_is_at_least_two_and_a_half_times_smaller(files):
    assert len(files["int8"]) * 2.5 < len(files["float32"])
    assert len(files["dynamic_range"]) * 2.5 < len(files["float32"])
    assert len(files["float16"]) * 1.8 < len(files["float32"])


def test_a_network_saved_and_loaded_gives_the_same_bytes(files, network, rows, tmp_path):
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    assert convert(loaded, "int8", rows) == files["int8"]


def test_a_network_built_again_gives_the_same_bytes(files, task):
    assert convert(build((20,), task, units="128,64"), "float32") == files["float32"]


def test_images_convert(rows):
    network = build((8, 8, 1), Task("multiclass", "digit", ("a", "b", "c")), units="16")
    images = np.random.default_rng(0).random((50, 8, 8, 1)).astype(np.float32)
    found = run(convert(network, "int8", images), images)
    assert np.abs(found - network(images, training=False).numpy()).max() < 0.05


@pytest.mark.parametrize(
    ("calibration", "got"),
    [
        (None, "None"),
        (np.empty((0, 20)), r"\(0, 20\)"),
        (np.zeros((5, 19)), r"\(5, 19\)"),
        (np.zeros(20), r"\(20,\)"),
        (np.full((5, 20), np.nan), "NaN"),
    ],
)
def test_a_calibration_set_that_does_not_fit_is_refused(network, calibration, got):
    with pytest.raises(InvalidParameter, match=f"calibration must be .*{got}"):
        convert(network, "int8", calibration)


def test_a_wrong_name_brings_the_nearest(network):
    with pytest.raises(InvalidParameter, match="did you mean 'float16'"):
        convert(network, "float61")


def test_a_network_too_small_to_quantize_is_an_error_not_a_float_file(task):
    with pytest.raises(ModelError, match="stored as float32 and not as int8"):
        convert(build((4,), task, units="8"), "dynamic_range")


def test_what_is_no_single_input_network_is_refused():
    first, second = keras.Input((2,)), keras.Input((2,))
    two = keras.Model([first, second], keras.layers.Concatenate()([first, second]))
    with pytest.raises(ModelError, match="one input"):
        convert(two, "float32")


def test_an_operation_that_tflite_lacks_is_a_model_error():
    @keras.saving.register_keras_serializable("tests")
    class Erfinv(keras.layers.Layer):
        def call(self, x):
            return keras.ops.erfinv(x)

    inputs = keras.Input((4,))
    with pytest.raises(ModelError, match="cannot be converted"):
        convert(keras.Model(inputs, Erfinv()(inputs)), "float32")

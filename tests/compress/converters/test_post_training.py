import keras
import numpy as np
import pytest

from mlflow_prod.compress import CONVERTERS, Converter, PostTraining, convert
from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models import build
from mlflow_prod.tflite.contents import contents

# Largest difference of a probability, from what each format rounds.
ROUNDING = {
    "float32": 1e-6,
    "float16": 1e-3,
    "dynamic_range": 0.02,
    "int8": 0.03,
    "int8_io": 0.03,
    "int16x8": 0.02,
    "weight_only": 0.02,
    "int4": 0.15,
}


@pytest.fixture(scope="module")
def files(network, rows):
    return {name: convert(network, name, rows) for name in CONVERTERS}


@pytest.mark.parametrize("name", CONVERTERS)
@pytest.mark.parametrize("batch", [1, 7, 300])
def test_the_file_answers_as_the_network_up_to_its_rounding(name, batch, files, network, rows, run):
    assert isinstance(CONVERTERS[name], Converter)
    expected = network(rows[:batch], training=False).numpy()
    found = run(files[name], {"input": rows[:batch]})["output_0"]
    assert np.abs(found - expected).max() < ROUNDING[name]


@pytest.mark.parametrize(
    ("name", "kernels", "computes"),
    [
        ("float32", ("float32", "float32", "float32"), "float32"),
        ("float16", ("float16", "float16", "float16"), "float32"),
        # The last kernel has 64 weights, too few for TensorFlow's converter to bother.
        ("dynamic_range", ("int8", "int8", "float32"), "float32"),
        ("int8", ("int8", "int8", "int8"), "int8"),
        ("int8_io", ("int8", "int8", "int8"), "int8"),
        ("int16x8", ("int8", "int8", "int8"), "int16"),
        ("weight_only", ("int8", "int8", "int8"), "float32"),
        ("int4", ("int4", "int4", "int4"), "float32"),
    ],
)
def test_the_file_holds_what_was_asked_for(name, kernels, computes, files):
    held = contents(files[name])
    assert tuple(kernel.dtype for kernel in held.kernels) == kernels
    assert {kernel.computes for kernel in held.kernels} == {computes}
    ends = "int8" if name == "int8_io" else "float32"
    assert {tensor.dtype for tensor in (*held.inputs, *held.outputs)} == {ends}
    assert held.signatures == {"serving_default": (("input",), ("output_0",))}


@pytest.mark.parametrize(
    ("name", "times"),
    [("float16", 1.8), ("dynamic_range", 2.5), ("int8", 2.5), ("weight_only", 2.5), ("int4", 4)],
)
def test_the_file_is_that_many_times_smaller(name, times, files):
    assert len(files[name]) * times < len(files["float32"])


def test_a_network_saved_and_loaded_gives_the_same_bytes(files, network, rows, tmp_path):
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    assert convert(loaded, "int8", rows) == files["int8"]


def test_a_network_built_again_gives_the_same_bytes(files, task):
    assert convert(build((20,), task, units="128,64"), "float32") == files["float32"]


def test_images_convert(run):
    network = build((8, 8, 1), Task("multiclass", "digit", ("a", "b", "c")), units="16")
    images = np.random.default_rng(0).random((50, 8, 8, 1)).astype(np.float32)
    found = run(convert(network, "int8", images), {"input": images})["output_0"]
    assert np.abs(found - network(images, training=False).numpy()).max() < 0.05


def test_a_wrong_name_brings_the_nearest(network):
    with pytest.raises(InvalidParameter, match="did you mean 'float16'"):
        convert(network, "float61")


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (lambda: PostTraining("int4"), "weights"),
        (lambda: PostTraining("float16", activations="int8"), "activations"),
        (lambda: PostTraining("int8", ends="int8"), "ends"),
        (lambda: PostTraining("int8", activations="int16", ends="int8"), "ends"),
    ],
)
def test_what_does_not_go_together_is_refused(made, name):
    with pytest.raises(InvalidParameter, match=f"^{name} must be one of"):
        made()


def test_a_network_too_small_to_quantize_is_an_error_not_a_float_file(task):
    with pytest.raises(ModelError, match=r"stored as float32 and not as int8.* take int8, or weight_only"):
        convert(build((4,), task, units="8"), "dynamic_range")


def test_a_network_trained_for_integers_keeps_what_it_has_learnt(quantized, images, run):
    network, expected = quantized
    held = contents(content := convert(network, "int8", images))
    assert held.all_integer and held.largest == "int8"
    assert np.abs(run(content, {"input": images})["output_0"] - expected).max() < 0.02
    # In float32 its rounding is simulated, so the kernels are stored as floats.
    simulated = convert(network, "float32")
    assert contents(simulated).largest == "float32"
    assert contents(simulated).multiply_adds == held.multiply_adds > 0
    assert np.abs(run(simulated, {"input": images})["output_0"] - expected).max() < 0.02
    with pytest.raises(ModelError, match=r"stored as int8 and not as float16.*int8 is its converter"):
        convert(network, "float16")


def test_one_operation_that_tflite_lacks_is_named_with_its_layer():
    @keras.saving.register_keras_serializable("tests")
    class Erfinv(keras.layers.Layer):
        def call(self, x):
            return keras.ops.erfinv(x)

    inputs = keras.Input((4,))
    network = keras.Model(inputs, Erfinv(name="bell")(inputs))
    with pytest.raises(ModelError, match=r"cannot be converted to TFLite: TFLite has no Erfinv.*bell"):
        convert(network, "float32")


def test_a_recurrent_layer_converts_when_unrolled(run):
    rows = np.random.default_rng(0).normal(size=(7, 5, 3)).astype(np.float32)

    def made(unroll):
        inputs = keras.Input((5, 3))
        return keras.Model(inputs, keras.layers.LSTM(4, unroll=unroll)(inputs))

    with pytest.raises(ModelError, match="unroll=True"):
        convert(made(False), "float32")
    network = made(True)
    found = run(convert(network, "float32"), {"input": rows})["output_0"]
    assert np.abs(found - network(rows).numpy()).max() < 1e-6


def test_a_converter_prints_nothing_and_leaves_logging_alone(network, rows, capfd):
    import logging

    before = logging.getLogger("absl").level
    for name in ("int16x8", "int4"):
        convert(network, name, rows)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("absl").level == before

import pytest

from mlflow_prod.compress import convert
from mlflow_prod.compress.converters.verify import verify
from mlflow_prod.errors import ModelError
from mlflow_prod.tflite.contents import contents


@pytest.fixture(scope="module")
def files(network, rows):
    return {name: convert(network, name, rows) for name in ("float32", "dynamic_range", "int8")}


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("float32", ("int8",), r"8,192 weights \(FULLY_CONNECTED\) is stored as float32 and not as int8"),
        ("dynamic_range", ("int8", "int8"), "int8 was not reached: FULLY_CONNECTED still compute in float32"),
        ("int8", ("int8", "int16"), "int16 was not reached: FULLY_CONNECTED still compute in int8"),
        ("int8", ("int8", "int8", "int8"), "the input .* of the file is float32 where int8 was asked for"),
        ("int8", ("float16",), "stored as int8 and not as float16"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(name, asked, message, files):
    with pytest.raises(ModelError, match=message):
        verify(files[name], *asked)


def test_a_file_that_holds_what_was_asked_for_is_told(files):
    assert verify(files["int8"], "int8", "int8") == contents(files["int8"])


def test_quantized_ends_that_nobody_asked_for_are_refused(network, rows):
    content = convert(network, "int8_io", rows)
    with pytest.raises(ModelError, match="is int8 where float32 was asked for"):
        verify(content, "int8", "int8")


def test_a_network_without_kernels_can_be_float32_only():
    import keras

    inputs = keras.Input((3,))
    network = keras.Model(inputs, keras.layers.ReLU()(inputs))
    assert contents(convert(network, "float32")).kernels == ()
    with pytest.raises(ModelError, match="holds no kernel that could be stored as float16"):
        convert(network, "float16")

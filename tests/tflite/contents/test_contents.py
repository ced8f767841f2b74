import gzip
import json

import numpy as np
import pytest

from mlflow_prod.compress import CONVERTERS
from mlflow_prod.errors import ModelError
from mlflow_prod.tflite import contents


@pytest.fixture(scope="module")
def image_network():
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((28, 28, 1), name="image")
    tensor = keras.layers.Conv2D(8, 3, activation="relu")(inputs)
    tensor = keras.layers.MaxPooling2D()(tensor)
    tensor = keras.layers.DepthwiseConv2D(3)(tensor)
    tensor = keras.layers.Flatten()(tensor)
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(tensor))


@pytest.fixture(scope="module")
def files(image_network):
    rows = np.random.default_rng(0).random((50, 28, 28, 1), np.float32)
    return {name: CONVERTERS[name].convert(image_network, rows) for name in ("float32", "float16", "int8")}


def test_multiply_adds_are_those_counted_by_hand(files):
    expected = 26 * 26 * 8 * 9 + 11 * 11 * 8 * 9 + 968 * 10
    assert {contents(file).multiply_adds for file in files.values()} == {expected}


def test_sizes_operators_and_names_are_told(files):
    found = contents(files["float32"])
    assert found.bytes == len(files["float32"])
    assert found.gzip == len(gzip.compress(files["float32"], 9, mtime=0))
    # A batch of any size is flattened by its shape.
    reshaping = {"PACK": 1, "RESHAPE": 1, "SHAPE": 1, "STRIDED_SLICE": 1}
    kernels = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1}
    assert found.operators == {**reshaping, **kernels, "MAX_POOL_2D": 1, "SOFTMAX": 1}
    assert found.signatures == {"serving_default": (("input",), ("output_0",))}
    assert [(one.shape, one.dtype) for one in (*found.inputs, *found.outputs)] == [
        ((-1, 28, 28, 1), "float32"),
        ((-1, 10), "float32"),
    ]
    assert found.custom == ()
    assert json.loads(json.dumps(found.to_dict()))["operators"] == found.operators


@pytest.mark.parametrize(
    ("name", "stored", "computes"),
    [("float32", "float32", "float32"), ("float16", "float16", "float32"), ("int8", "int8", "int8")],
)
def test_kernels_are_told_by_type(files, name, stored, computes):
    found = contents(files[name])
    assert [kernel.weights for kernel in found.kernels] == [72, 72, 9680]
    assert {kernel.dtype for kernel in found.kernels} == {found.largest} == {stored}
    assert {kernel.computes for kernel in found.kernels} == {computes}
    assert found.all_integer == (name == "int8")


def test_the_arena_holds_the_two_largest_neighbours_and_no_more_than_all(files):
    found = contents(files["float32"])
    # The convolution reads the image, which stays, and writes 26 x 26 x 8 numbers.
    least = 4 * (28 * 28 + 26 * 26 * 8)
    assert least <= found.arena < least + 4 * 13 * 13 * 8 + 64 * 8
    assert contents(files["int8"]).arena < found.arena
    assert found.moved > contents(files["int8"]).moved > 0


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("name", ["float32", "int8"])
def test_zeros_and_different_weights_are_counted_in_the_file(share, name):
    import keras

    network = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32), keras.layers.Dense(1)])
    rng = np.random.default_rng(1)
    levels = np.array([-0.9, -0.4, -0.1, 0.2, 0.5, 0.7, 1.0], np.float32)
    kernel = rng.choice(levels, (64, 32))
    kernel[rng.random((64, 32)) < share] = 0
    network.layers[0].set_weights([kernel, np.zeros(32, np.float32)])
    rows = rng.normal(size=(40, 64)).astype(np.float32)
    (found, *_) = contents(CONVERTERS[name].convert(network, rows)).kernels
    assert found.sparsity == pytest.approx((kernel == 0).mean())
    if name == "float32":
        assert found.distinct == len(np.unique(kernel))
    else:
        # Each unit has a scale of its own.
        assert found.distinct == max(len(np.unique(column)) for column in kernel.T)


@pytest.mark.parametrize("cut", [0, 4, 100, 2000])
def test_what_is_no_file_is_refused(files, cut):
    with pytest.raises(ModelError, match="TFLite file"):
        contents(files["float32"][:cut])

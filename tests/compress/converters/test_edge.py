import keras
import numpy as np
import pytest

from mlflow_prod.compress import StoredWeights, convert
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.models import build
from mlflow_prod.tflite.contents import contents


def test_weights_are_rounded_to_the_step_of_their_channel(rows, run):
    """Against the formula: a channel's largest weight is 7 steps of int4 or 127 of int8."""
    inputs = keras.Input((20,))
    linear = keras.Model(inputs, keras.layers.Dense(30, use_bias=False)(inputs))
    weights = linear.get_weights()[0]
    for name, most in {"int8": 127, "int4": 7}.items():
        step = np.abs(weights).max(axis=0) / most
        rounded = (np.rint(weights / step) * step).astype(np.float32)
        content = StoredWeights(name, integer_compute=False).convert(linear)
        assert np.abs(run(content, {"input": rows})["output_0"] - rows @ rounded).max() < 1e-4


def test_small_kernels_are_stored_as_asked_too(task):
    content = convert(build((4,), task, units="8"), "int4")
    assert {kernel.dtype for kernel in contents(content).kernels} == {"int4"}


def test_a_type_of_weights_that_does_not_exist_is_refused():
    with pytest.raises(InvalidParameter, match="weights must be one of int8, int4, got 'int3'"):
        StoredWeights("int3")

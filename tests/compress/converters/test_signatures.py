import numpy as np
import pytest
import tensorflow as tf

from mlflow_prod.compress import convert
from mlflow_prod.compress.converters.signatures import Input, signatures_of
from mlflow_prod.errors import ModelError
from mlflow_prod.tflite.contents import contents

WEIGHTS = np.random.default_rng(0).normal(size=(20, 64)).astype(np.float32)


def saved(folder, **functions):
    module = tf.Module()
    module.weights = tf.Variable(WEIGHTS)
    made = {
        key: tf.function(lambda x, call=call: call(module.weights, x)).get_concrete_function(
            tf.TensorSpec(shape, dtype, name="x")
        )
        for key, (call, shape, dtype) in functions.items()
    }
    tf.saved_model.save(module, str(folder), signatures=made)
    return folder


def embed(weights, x):
    return {"embedding": tf.nn.relu(x @ weights)}


def total(weights, x):
    return {"total": tf.reduce_sum(x @ weights, axis=1)}


ROWS = ((None, 20), tf.float32)


def test_what_keras_exports_converts_as_the_network_does(network, rows, tmp_path, run):
    network.export(tmp_path / "saved", verbose=False)
    (inputs,) = signatures_of(tmp_path / "saved").values()
    content = convert(tmp_path / "saved", "int8", rows)
    # Keras writes it under two names.
    assert list(contents(content).signatures) == ["serving_default"]
    expected = run(convert(network, "int8", rows), {"input": rows})["output_0"]
    assert np.array_equal(run(content, {inputs[0].name: rows})["output_0"], expected)


@pytest.mark.parametrize(("name", "allowed"), [("float32", 1e-4), ("int8", 0.5), ("int4", 4)])
def test_every_signature_of_a_folder_is_kept(name, allowed, tmp_path, rows, run):
    folder = saved(tmp_path / "saved", serving_default=(embed, *ROWS), total=(total, *ROWS))
    assert signatures_of(folder) == dict.fromkeys(
        ["serving_default", "total"], (Input("x", (20,), "float32"),)
    )
    content = convert(folder, name, rows)
    assert set(contents(content).signatures) == {"serving_default", "total"}
    found = run(content, {"x": rows})["embedding"]
    assert np.abs(found - np.maximum(rows @ WEIGHTS, 0)).max() < allowed
    summed = run(content, {"x": rows}, "total")["total"]
    assert np.corrcoef(summed, (rows @ WEIGHTS).sum(axis=1))[0, 1] > 0.99


def test_16_bit_activations_are_refused_to_several_signatures(tmp_path, rows):
    folder = saved(tmp_path / "saved", serving_default=(embed, *ROWS), total=(total, *ROWS))
    with pytest.raises(ModelError, match="one signature, got serving_default, total"):
        convert(folder, "int16x8", rows)


def test_a_folder_made_for_one_size_of_batch_keeps_it(tmp_path, rows, run):
    folder = saved(tmp_path / "saved", serving_default=(embed, (2, 20), tf.float32))
    assert signatures_of(folder)["serving_default"][0].batch == 2
    found = run(convert(folder, "int8", rows), {"x": rows[:2]})["embedding"]
    assert np.abs(found - np.maximum(rows[:2] @ WEIGHTS, 0)).max() < 0.5


def test_a_folder_without_signatures_is_refused(tmp_path):
    with pytest.raises(ModelError, match="has no signature; save it with"):
        convert(saved(tmp_path / "saved"), "float32")


def test_what_is_no_saved_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="is no SavedModel folder, which holds a file"):
        convert(tmp_path, "float32")
    (tmp_path / "saved_model.pb").write_bytes(b"something else")
    with pytest.raises(ModelError, match="is no SavedModel folder"):
        convert(tmp_path, "float32")


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((None, None), tf.float32, r"'x' of signature 'serving_default' .*got \(None, None\)"),
        (None, tf.float32, "of no known rank"),
        ((), tf.float32, r"must have a batch .*got \(\)"),
        ((None, 20), tf.string, "is text"),
    ],
)
def test_an_input_that_tflite_cannot_plan_for_is_refused(shape, dtype, message, tmp_path):
    folder = saved(tmp_path / "saved", serving_default=(lambda weights, x: {"same": x}, shape, dtype))
    with pytest.raises(ModelError, match=message):
        convert(folder, "float32")

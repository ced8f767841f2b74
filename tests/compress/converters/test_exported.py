import keras
import numpy as np
import pytest
import tf_keras

from mlflow_prod.compress import convert
from mlflow_prod.errors import ModelError
from mlflow_prod.tflite.contents import contents


def of_two(framework, arranged):
    """A network of two inputs and two outputs, in a list or by name, the inputs in no order of names."""
    layers = framework.layers
    table, image = layers.Input((6,), name="table"), layers.Input((4, 4, 1), name="image")
    both = layers.Concatenate()([layers.Flatten()(layers.Conv2D(4, 3)(image)), table])
    risk = layers.Dense(1, activation="sigmoid", name="risk")(both)
    level = layers.Dense(3, name="level")(both)
    if arranged == "list":
        return framework.Model([table, image], [risk, level])
    return framework.Model({"table": table, "image": image}, {"risk": risk, "level": level})


@pytest.fixture
def arrays():
    draw = np.random.default_rng(0)
    return {
        # 70 rows: no whole number of batches.
        "table": draw.normal(size=(70, 6)).astype(np.float32),
        "image": draw.normal(size=(70, 4, 4, 1)).astype(np.float32),
    }


@pytest.mark.parametrize("arranged", ["list", "dict"])
@pytest.mark.parametrize("framework", [keras, tf_keras], ids=["keras", "tf_keras"])
def test_several_inputs_and_outputs_keep_their_names(framework, arranged, arrays, run):
    network = of_two(framework, arranged)
    answers = network([arrays["table"], arrays["image"]] if arranged == "list" else arrays)
    expected = dict(zip(["risk", "level"], answers, strict=True)) if arranged == "list" else answers
    for name, allowed in {"float32": 1e-6, "int8": 0.1}.items():
        content = convert(network, name, arrays)
        for batch in (1, 7):
            found = run(content, {each: array[:batch] for each, array in arrays.items()})
            assert set(found) == {"risk", "level"}
            for each, array in found.items():
                assert np.abs(array - expected[each][:batch].numpy()).max() < allowed, each


def test_a_sequential_model_of_tf_keras_converts(rows, run):
    network = tf_keras.Sequential(
        [tf_keras.layers.Input((20,)), tf_keras.layers.Dense(60, "relu"), tf_keras.layers.Dense(2)]
    )
    for name, allowed in {"float32": 1e-5, "int8": 0.1, "int4": 0.6}.items():
        found = run(convert(network, name, rows), {"input": rows})["output_0"]
        assert np.abs(found - network(rows).numpy()).max() < allowed


def test_whole_numbers_come_in_as_such(run):
    words = keras.Input((5,), dtype="int32", name="words")
    averaged = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(300, 8)(words))
    network = keras.Model(words, keras.layers.Dense(2)(averaged))
    rows = np.random.default_rng(0).integers(0, 300, (40, 5)).astype(np.int32)
    content = convert(network, "int8_io", rows)
    held = contents(content)
    assert (held.inputs[0].dtype, held.outputs[0].dtype, held.largest) == ("int32", "int8", "int8")
    assert np.abs(run(content, {"input": rows})["output_0"] - network(rows).numpy()).max() < 0.02
    with pytest.raises(ModelError, match=r"2,400 weights \(GATHER\) is stored as float32 and not as int4"):
        convert(network, "int4")


def test_odd_names_are_written_as_signatures_have_them(run):
    first, second = keras.Input((3,), name="a b"), keras.Input((3,), name="c-d")
    network = keras.Model([first, second], keras.layers.Concatenate()([first, second]))
    rows = np.ones((2, 3), np.float32)
    found = run(convert(network, "float32"), {"a_b": rows, "c_d": 2 * rows})
    assert found["output_0"].tolist() == [[1, 1, 1, 2, 2, 2]] * 2


# --- what is no network


@pytest.mark.parametrize("framework", [keras, tf_keras], ids=["keras", "tf_keras"])
def test_rows_of_changing_size_are_refused(framework):
    inputs = framework.layers.Input((None, 3))
    network = framework.Model(inputs, framework.layers.Dense(2)(inputs))
    with pytest.raises(ModelError, match=r"fixed size beyond it, got \(None, None, 3\)"):
        convert(network, "float32")


@pytest.mark.parametrize("framework", [keras, tf_keras], ids=["keras", "tf_keras"])
def test_a_network_whose_inputs_nobody_knows_is_refused(framework):
    class Own(framework.Model):
        def call(self, x):
            return x

    for network in (framework.Sequential([framework.layers.Dense(2)]), Own()):
        with pytest.raises(ModelError, match=r"inputs of .* are not known: give the model an Input layer"):
            convert(network, "float32")


@pytest.mark.parametrize("given", [None, "folder", np.zeros(3)])
def test_what_is_no_network_is_refused(given):
    with pytest.raises(ModelError, match="only a Keras 3 model, a tf_keras model or a Path"):
        convert(given, "float32")

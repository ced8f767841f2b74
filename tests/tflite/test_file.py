from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.tflite import TFLiteFile
from mlflow_prod.tflite import file as file_module
from mlflow_prod.tflite.file import BATCH, SIZES
from tests.tflite import files
from tests.tflite.files import Arithmetic, Custom, FourRows, Places, Reshaped, Texts

DRAW = np.random.default_rng(0)


@pytest.fixture(scope="module")
def arithmetic():
    module = Arithmetic()
    return files.converted(module, {"combine": module.combine, "double": module.double})


@pytest.fixture(scope="module")
def integers(network, encoder, applicants):
    """By type of input and output, a file that computes in int8."""
    rows = encoder.encode(applicants)
    return {dtype: files.in_integers(network, rows, getattr(tf, dtype)) for dtype in ("int8", "uint8")}


@pytest.fixture(scope="module")
def rows(encoder, applicants):
    return encoder.encode(applicants)


def interpreted(content, rows):
    """What TensorFlow's own interpreter answers, row by row, as the file has it."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    answers = []
    for row in rows:
        interpreter.set_tensor(source["index"], row[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(target["index"])[0])
    return np.array(answers)


def in_steps(tensor, rows):
    """Real numbers as a quantized input stores them."""
    steps = np.rint(rows / np.float32(tensor.scales[0])) + tensor.zeros[0]
    ends = np.iinfo(tensor.dtype)
    return np.clip(steps, ends.min, ends.max).astype(tensor.dtype)


def test_an_array_gives_an_array(contents, network, rows):
    answers = TFLiteFile(contents["float32"]).predict(rows)
    np.testing.assert_allclose(answers, network(rows).numpy(), atol=1e-6)


def test_names_give_names(contents, rows):
    file = TFLiteFile(contents["float32"])
    (name,) = [tensor.name for tensor in file.interface().inputs]
    answers = file.predict({name: rows})
    assert list(answers) == [tensor.name for tensor in file.interface().outputs]
    np.testing.assert_array_equal(next(iter(answers.values())), file.predict(rows))


def test_several_signatures_inputs_and_outputs(arithmetic):
    file = TFLiteFile(arithmetic)
    assert set(file.interfaces) == {"combine", "double"}
    x, y = DRAW.normal(size=(2, 300, 3)).astype(np.float32)
    answers = file.predict({"y": y, "x": x}, "combine")
    np.testing.assert_allclose(answers["sum"], x + 2 * y, rtol=1e-6)
    np.testing.assert_allclose(answers["product"], x * y, rtol=1e-6)
    np.testing.assert_array_equal(file.predict(x[:, :2], "double"), 2 * x[:, :2])
    with pytest.raises(InvalidParameter, match="did you mean 'double'"):
        file.predict(x, "doubel")


def test_several_inputs_and_outputs_of_a_network():
    a, b = keras.Input((3,), name="a"), keras.Input((4, 2), name="b")
    joined = keras.layers.Concatenate()([a, keras.layers.Flatten()(b)])
    ends = {"p": keras.layers.Dense(2)(joined), "q": keras.layers.Dense(1, "sigmoid")(joined)}
    network = keras.Model({"a": a, "b": b}, ends)
    given = {
        "a": DRAW.normal(size=(7, 3)).astype("f4"),
        "b": DRAW.normal(size=(7, 4, 2)).astype("f4"),
    }
    answers = TFLiteFile(files.of_network(network)).predict(given)
    for name, expected in network(given).items():
        np.testing.assert_allclose(answers[name], expected.numpy(), atol=1e-5)


def test_a_file_without_names_is_called_by_number(contents, rows):
    file = TFLiteFile(files.without_names(contents["float32"]))
    assert list(file.interfaces) == [""]
    named = file.predict({"input_0": rows})
    np.testing.assert_array_equal(named["output_0"], TFLiteFile(contents["float32"]).predict(rows))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 700), st.sampled_from(["f2", "f4", "f8", ">f4"]))
def test_any_number_of_rows_of_any_float_type_is_answered_as_one_by_one(contents, rows, n, dtype):
    file = TFLiteFile(contents["float32"])
    given = rows[np.arange(n) % len(rows)].astype(dtype)
    for _ in range(2):
        answers = file.predict(given)
        assert answers.shape == (n, 1)
        np.testing.assert_allclose(answers, file.predict(given.astype("f4")), atol=1e-6)
    if n:
        np.testing.assert_allclose(answers[-1:], file.predict(given[-1:]), atol=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_integers_go_in_and_come_out_as_stored(dtype, integers, rows):
    file = TFLiteFile(integers[dtype])
    stored = in_steps(file.interface().inputs[0], rows)
    expected = interpreted(integers[dtype], stored)
    np.testing.assert_array_equal(file.predict(stored), expected)
    # A second time by what is kept ready.
    np.testing.assert_array_equal(file.predict(stored), expected)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_real_numbers_are_scaled_as_the_file_says(dtype, integers, rows, network):
    file = TFLiteFile(integers[dtype])
    stored = interpreted(integers[dtype], in_steps(file.interface().inputs[0], rows))
    output = file.interface().outputs[0]
    for _ in range(2):
        answers = file.predict(rows)
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, (stored - float(output.zeros[0])) * output.scales[0], rtol=1e-6)
        assert np.abs(answers - network(rows).numpy()).max() < 0.05
    whole = file.predict(np.zeros((1, rows.shape[1]), np.int64))
    np.testing.assert_array_equal(whole, file.predict(np.zeros((1, rows.shape[1]))))


def test_numbers_beyond_the_range_are_held_at_its_end_and_nan_is_refused(integers, rows):
    file = TFLiteFile(integers["int8"])
    tensor = file.interface().inputs[0]
    most = (127 - tensor.zeros[0]) * tensor.scales[0]
    for far in (most, 1e30, np.inf):
        one = np.full((1, rows.shape[1]), far)
        np.testing.assert_array_equal(file.predict(one), file.predict(np.full_like(one, most)))
    for _ in range(2):
        with pytest.raises(DataError, match="NaN"):
            file.predict(np.full((1, rows.shape[1]), np.nan))


def test_a_fixed_number_of_rows_is_resized_where_that_is_the_same():
    module = FourRows()
    file = TFLiteFile(files.converted(module, {"fixed": module.fixed}))
    x = DRAW.normal(size=(600, 6)).astype("f4")
    for n in (0, 1, 3, 4, 9, 600):
        np.testing.assert_allclose(file.predict(x[:n]), x[:n] @ module.kernel.numpy(), atol=1e-5)


def test_where_resizing_answers_otherwise_pieces_of_the_own_size_are_run():
    module = FourRows(mixed=True)
    file = TFLiteFile(files.converted(module, {"fixed": module.fixed}))
    x = DRAW.normal(size=(8, 6)).astype("f4")
    expected = [module.fixed(part)["answer"].numpy() for part in (x[:4], x[4:])]
    np.testing.assert_allclose(file.predict(x), np.concatenate(expected), atol=1e-5)


def test_what_cannot_be_resized_is_run_in_pieces_the_last_one_filled_up():
    module = Reshaped()
    file = TFLiteFile(files.converted(module, {"fixed": module.fixed}))
    x = DRAW.normal(size=(10, 6)).astype("f4")
    np.testing.assert_allclose(file.predict(x), np.cumsum(x, axis=1), atol=1e-4)


def test_a_file_that_mixes_rows_is_never_cut():
    module = FourRows(mixed=True)
    file = TFLiteFile(files.converted(module, {"free": module.free}))
    x = DRAW.normal(size=(BATCH + 100, 6)).astype("f4")
    np.testing.assert_allclose(file.predict(x), module.free(x)["answer"].numpy(), atol=1e-4)


def test_large_rows_are_run_few_at_a_time(contents, rows, monkeypatch):
    file = TFLiteFile(contents["float32"])
    expected = file.predict(rows[:20])
    monkeypatch.setattr(file_module, "BYTES", 3 * rows[:1].nbytes)
    np.testing.assert_allclose(TFLiteFile(contents["float32"]).predict(rows[:20]), expected, atol=1e-6)


def test_texts_go_in_and_come_out():
    module = Texts()
    file = TFLiteFile(files.converted(module, {"same": module.same}))
    expected = [[b"a"], ["bé".encode()]]
    for texts in (np.array(["a", "bé"]), np.array(["a", "bé"], object), ["a", "bé".encode()]):
        assert file.predict(np.asarray(texts, object)).tolist() == expected
    with pytest.raises(DataError, match="takes texts"):
        file.predict(np.array([1, 2]))
    with pytest.raises(DataError, match="takes texts"):
        file.predict(np.array(["a", None], object))


def test_whole_numbers_are_taken_from_any_type_that_holds_them():
    module = Places()
    file = TFLiteFile(files.converted(module, {"look_up": module.look_up}))
    for dtype in ("i4", "i8", "u1", "f8", "O"):
        np.testing.assert_array_equal(file.predict(np.array([[0, 4]]).astype(dtype)), [[0, 40]])
    for odd in (np.array([[0.5, 1]]), np.array([[np.nan, 1]]), np.array([[2**40, 1]])):
        with pytest.raises(DataError, match="whole numbers from -2147483648"):
            file.predict(odd)
    with pytest.raises(ModelError, match="failed on inputs"):
        file.predict(np.array([[0, 5]]))
    np.testing.assert_array_equal(file.predict(np.array([[1, 2]])), [[10, 20]])


@pytest.mark.parametrize(
    "given, said",
    [
        (np.zeros((2, 3)), r"takes rows of shape \(\d+\), got shape \(2, 3\)"),
        (np.zeros(3), "takes rows"),
        (np.float32(1), "takes rows"),
        (np.array([["a"] * 7]), "takes numbers"),
        (np.array([[None] * 7]), "takes numbers|takes rows"),
        ({"x": np.zeros((1, 7))}, "no input 'x'"),
        ({}, "is missing"),
        (np.zeros((2, 3), complex), "takes"),
    ],
)
def test_what_a_file_does_not_take_is_told(given, said, contents):
    with pytest.raises(DataError, match=said):
        TFLiteFile(contents["float32"]).predict(given)


def test_inputs_are_asked_for_by_name_where_there_are_several(arithmetic):
    file, x = TFLiteFile(arithmetic), np.zeros((2, 3))
    for odd in (x, {"x": x}, {"x": x, "y": x, "z": x}, {"x": x, "y": x[:1, :2]}):
        with pytest.raises(DataError):
            file.predict(odd, "combine")


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, None, 2**31])
def test_threads_are_a_whole_number(threads, contents):
    with pytest.raises(InvalidParameter, match="threads"):
        TFLiteFile(contents["float32"], threads=threads)


@pytest.mark.parametrize("content", [None, "model.tflite", 3])
def test_content_is_bytes(content):
    with pytest.raises(InvalidParameter, match="content must be the bytes of a TFLite file"):
        TFLiteFile(content)


def test_numbers_beyond_floats_are_refused(contents, rows):
    file = TFLiteFile(contents["float32"])
    beyond = rows.astype(np.float64)
    np.testing.assert_array_equal(file.predict(beyond), file.predict(rows))
    beyond[1, 0] = -1e39
    with pytest.raises(DataError, match=r"takes numbers up to 3\.4e\+38 \(float32\)"):
        file.predict(beyond)
    beyond[1, 0] = -np.inf
    assert file.predict(beyond).shape == file.predict(rows).shape


def test_several_processor_threads_answer_the_same(contents, rows):
    one, two = (TFLiteFile(contents["float32"], threads=threads) for threads in (1, 2))
    np.testing.assert_allclose(one.predict(rows), two.predict(rows), atol=1e-6)


def test_threads_may_share_it(arithmetic):
    file = TFLiteFile(arithmetic)
    x = DRAW.normal(size=(100, 3)).astype("f4")

    def ask(row):
        n = row % 12 + 1
        return file.predict({"x": x[row : row + n], "y": x[row : row + n]}, "combine")["product"]

    with ThreadPoolExecutor(8) as pool:
        for row, found in enumerate(pool.map(ask, range(88))):
            np.testing.assert_allclose(found, x[row : row + row % 12 + 1] ** 2, rtol=1e-6)


def test_no_more_sizes_are_kept_than_said(contents, rows):
    file = TFLiteFile(contents["float32"])
    for n in range(1, 3 * SIZES):
        file.predict(rows[:n])
        file.predict(rows[:n].astype("f8"))
    assert len(file._local.sessions) <= SIZES
    assert len(file._local.ready) <= 2 * SIZES


def test_an_operator_that_is_not_there_is_named():
    module = Custom()
    content = files.converted(module, {"inverse": module.inverse}, allow_custom_ops=True)
    with pytest.raises(ModelError, match="custom operator Erfinv"):
        TFLiteFile(content)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x00" * 100])
def test_bytes_that_are_no_file_are_refused(content):
    with pytest.raises(ModelError, match="cannot be run"):
        TFLiteFile(content)

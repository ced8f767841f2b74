import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.compress import convert
from mlflow_prod.compress.converters.calibration import BATCH, batches
from mlflow_prod.compress.converters.signatures import Input
from mlflow_prod.errors import InvalidParameter

ONE = {"serving_default": (Input("x", (2,), "float32"),)}
TWO = {"serving_default": (Input("a", (2,), "float32"), Input("b", (), "int32"))}
BYTES = {"serving_default": (Input("x", (2,), "uint8"),)}


@given(st.integers(1, 500))
def test_every_row_is_shown_once_in_order_and_in_batches_of_one_size(count):
    rows = np.arange(count * 2, dtype=np.float32).reshape(count, 2)
    shown = [arrays["x"] for _, arrays in batches(rows, ONE)()]
    assert np.array_equal(np.concatenate(shown), rows)
    assert len({len(each) for each in shown}) == 1
    assert len(shown[0]) <= BATCH


def test_every_signature_is_shown_the_rows_again_and_anew():
    signatures = {"one": ONE["serving_default"], "other": ONE["serving_default"]}
    through = batches(np.ones((3, 2)), signatures)
    assert [key for key, _ in through()] == [key for key, _ in through()] == ["one", "other"]


@given(st.integers(3, 20))
def test_a_batch_of_fixed_size_is_kept(count):
    signatures = {"serving_default": (Input("x", (2,), "float32", batch=3),)}
    shown = [arrays["x"] for _, arrays in batches(np.ones((count, 2)), signatures)()]
    assert [len(each) for each in shown] == [3] * (count // 3)


def test_rows_take_the_type_of_the_input():
    ((_, shown),) = batches({"a": np.ones((3, 2)), "b": np.array([1.0, 2.0, 3.0])}, TWO)()
    assert (shown["a"].dtype, shown["b"].dtype) == (np.float32, np.int32)
    assert shown["b"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("name", ["int8", "int8_io", "int16x8"])
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
def test_a_calibration_set_that_does_not_fit_is_refused(network, name, calibration, got):
    with pytest.raises(InvalidParameter, match=f"calibration must be .*{got}"):
        convert(network, name, calibration)


@pytest.mark.parametrize(
    ("calibration", "signatures", "message"),
    [
        (np.ones((3, 2)), TWO, r"rows by the name of the input: a, b, got \(3, 2\)"),
        ({"a": np.ones((3, 2))}, TWO, r"none for 'b'"),
        ({"a": np.ones((3, 2)), "b": np.ones(2)}, TWO, r"as many rows for each input, got {'a': 3, 'b': 2}"),
        ({"a": np.ones((3, 2)), "b": np.ones((3, 1))}, TWO, r"shape \(n\) for 'b' with n >= 1"),
        ({"a": np.ones((3, 2)), "b": np.full(3, 0.5)}, TWO, r"numbers that int32 can hold for 'b', got 0.5"),
        ({"a": np.ones((3, 2)), "b": np.ones(())}, TWO, r"shape \(n\) for 'b' with n >= 1, got \(\)"),
        (np.full((3, 2), 1e300), ONE, "numbers that float32 can hold, got 1e"),
        (np.full((3, 2), 300), BYTES, "numbers that uint8 can hold, got 300"),
        (np.full((3, 2), "text"), ONE, "calibration must be numbers, got"),
        (np.ones((1, 2)), {"one": (Input("x", (2,), "float32", batch=2),)}, "n >= 2"),
    ],
)
def test_rows_that_an_input_cannot_take_are_refused(calibration, signatures, message):
    with pytest.raises(InvalidParameter, match=message):
        batches(calibration, signatures)


def test_converters_that_need_none_do_not_read_it(network):
    assert convert(network, "weight_only", np.full((1, 1), np.nan)) == convert(network, "weight_only")


def test_the_range_of_the_calibration_rows_is_that_of_the_file(run):
    inputs = keras.Input((2,))
    network = keras.Model(
        inputs, keras.layers.Dense(2, use_bias=False, kernel_initializer="identity")(inputs)
    )
    rows = np.random.default_rng(0).uniform(-1, 1, (60, 2)).astype(np.float32)
    content = convert(network, "int8", rows)
    # What lies beyond is cut off.
    found = run(content, {"input": np.array([[0.5, 5.0]], np.float32)})["output_0"][0]
    assert found[0] == pytest.approx(0.5, abs=0.02)
    assert found[1] == pytest.approx(1, abs=0.03)

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pytest

from mlflow_prod.errors import DataError
from mlflow_prod.evaluate.cuts.arrow import kind, numbers, plain


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1], pa.uint8()), "number"),
        (pa.array([1.5], pa.float32()), "number"),
        (pa.array([decimal.Decimal("1.50")]), "number"),
        (pa.array(["a"]), "text"),
        (pa.array(["a"], pa.large_string()), "text"),
        (pa.array(["a"], pa.string_view()), "text"),
        (pa.array(["a"]).dictionary_encode(), "text"),
        (pa.array([1, 1]).dictionary_encode(), "number"),
        (pa.array([True]), "boolean"),
        (pa.array([datetime.datetime(2024, 3, 7)]), "time"),
        (pa.array([datetime.date(2024, 3, 7)]), "time"),
        (pa.array([datetime.timedelta(1)]), "duration[us]"),
        (pa.array([[1]]), "list<item: int64>"),
    ],
)
def test_every_type_is_of_a_kind(values, expected):
    assert kind(values.type) == expected


def test_values_lose_their_dictionary_and_nan_is_missing():
    assert plain(pa.array(["a", None, "a"]).dictionary_encode()).to_pylist() == ["a", None, "a"]
    assert plain(pa.array([1.5, float("nan"), None])).to_pylist() == [1.5, None, None]


@pytest.mark.parametrize("type", [pa.int8(), pa.float32(), pa.decimal128(5, 2)])
def test_numbers_are_float64_and_missing_ones_nan(type):
    found = numbers(pa.array([1, None, 3], type), "x")
    assert found.dtype == np.float64 and np.array_equal(found, [1, np.nan, 3], equal_nan=True)


def test_numbers_behind_a_dictionary_are_numbers_and_texts_are_not():
    assert numbers(pa.array([3, 3, None]).dictionary_encode(), "x")[:2].tolist() == [3, 3]
    with pytest.raises(DataError, match="column 'x' must hold numbers"):
        numbers(pa.array(["1"]), "x")

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Column, Schema
from mlflow_prod.data.clean import clean, clean_column
from mlflow_prod.errors import DataError


@pytest.mark.parametrize(
    ("values", "column", "expected"),
    [
        (["1", "2.5", None], Column(type="numeric"), [1, 2.5, np.nan]),
        (["1", "?", "3"], Column(type="numeric", missing=("?",)), [1, np.nan, 3]),
        ([1, -1, 3], Column(type="numeric", missing=("-1",)), [1, np.nan, 3]),
        ([True, False], Column(type="numeric"), [1, 0]),
        (pd.array([1, None], dtype="Int64"), Column(type="numeric"), [1, np.nan]),
        (["yes", "No"], Column(type="boolean"), [True, False]),
        ([1.0, np.nan], Column(type="boolean"), [1, np.nan]),
        ([True, None], Column(type="boolean"), [1, np.nan]),
        ([1, 2.0, 2.5], Column(type="category"), ["1", "2", "2.5"]),
        (pd.Categorical(["b", None]), Column(type="category"), ["b", np.nan]),
        (["2026-01-31", None], Column(type="date"), [pd.Timestamp("2026-01-31"), pd.NaT]),
        (["2026-01-31T12:00:00+02:00"], Column(type="date"), [pd.Timestamp("2026-01-31 10:00")]),
    ],
)
def test_values_take_the_dtype_of_their_type(values, column, expected):
    cleaned = clean_column(pd.Series(values, name="a"), column)
    pd.testing.assert_series_equal(cleaned, pd.Series(expected, name="a"), check_dtype=False)


@pytest.mark.parametrize(
    ("values", "type", "message"),
    [
        ([1.0, np.inf], "numeric", "column 'a' is infinite in 1 of 2 rows"),
        (["1", "inf"], "numeric", "column 'a' is infinite"),
        (["1", "many"], "numeric", "column 'a' must hold numbers, got 'many'"),
        (pd.to_timedelta([1], unit="D"), "numeric", "column 'a' must hold numbers, got '1 days"),
        ([1j], "numeric", "column 'a' must hold numbers, got '1j'"),
        ([["x"], "y"], "category", "column 'a' holds values that are no text"),
        (["yes", "maybe"], "boolean", "column 'a' must hold true or false, got 'maybe'"),
        (["31.1.2026"], "date", "column 'a' must hold dates such as 2026-01-31"),
        ([20260131], "date", "column 'a' must hold dates such as 2026-01-31, got the number"),
    ],
)
def test_a_value_that_the_type_does_not_allow_is_named(values, type, message):
    with pytest.raises(DataError, match=message):
        clean_column(pd.Series(values, name="a"), Column(type=type))


def test_lost_columns_are_named_with_the_nearest():
    schema = Schema({"income": Column(), "age": Column()})
    with pytest.raises(DataError, match="lack the column 'income'; did you mean 'incme'"):
        clean(pd.DataFrame({"incme": [1], "age": [2]}), schema, schema.inputs)

import datetime as dt
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import DataError
from mlflow_prod.profile import Categories, Numbers
from mlflow_prod.profile.column import added, column_of

FLOATS = st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.integers(-3, 3), max_size=120)


@settings(deadline=None)
@given(FLOATS)
def test_every_row_is_counted_once(values):
    series = pd.Series(values, dtype=float)
    column = column_of(series, "x")
    assert column.rows == len(series)
    assert column.missing == series.isna().sum()
    assert (column.below, column.above) == ((series == -np.inf).sum(), (series == np.inf).sum())
    assert column.histogram.zeros == (series == 0).sum()
    assert column.histogram.rows == column.moments.n == np.isfinite(series).sum()


@pytest.mark.parametrize(
    ("series", "array", "kind"),
    [
        (pd.Series([1.5, None, -2.0]), pa.array([1.5, None, -2.0]), "number"),
        (pd.Series([1, None, 3], dtype="Int64"), pa.array([1, None, 3], pa.int16()), "number"),
        (pd.Series([1, 2, 3]), pa.array([1, 2, 3], pa.uint8()), "number"),
        (pd.Series([0.5, 2.0], dtype="float32"), pa.array([0.5, 2.0], pa.float32()), "number"),
        (pd.Series([True, False]), pa.array([True, False]), "boolean"),
        (pd.Series([True, None], dtype="boolean"), pa.array([True, None]), "boolean"),
        (
            pd.Series(pd.to_datetime(["2024-02-29T12:00", None])),
            pa.array([dt.datetime(2024, 2, 29, 12), None], pa.timestamp("ns")),
            "date",
        ),
        (
            pd.Series(pd.to_datetime(["2024-02-29"]).tz_localize("Asia/Tokyo")),
            pa.array([dt.datetime(2024, 2, 28, 15)], pa.timestamp("s", "Europe/Rome")),
            "date",
        ),
        (
            pd.Series(np.array(["9999-12-31", "0001-01-01"], "datetime64[s]")),
            pa.array([dt.date(9999, 12, 31), dt.date(1, 1, 1)]),
            "date",
        ),
    ],
)
def test_pandas_and_arrow_are_read_alike(series, array, kind):
    column = column_of(series, "x")
    assert column == column_of(array, "x")
    assert column.kind == kind and column.rows == len(series)


def test_dates_are_seconds_since_1970():
    column = column_of(pd.Series(pd.to_datetime(["1970-01-02", "1970-01-04"])), "day")
    assert (column.histogram.least, column.histogram.greatest) == (86_400, 3 * 86_400)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(["a", None, "b", "a"]),
        pd.Series(["a", np.nan, "b", "a"], dtype=object),
        pd.Series(["a", None, "b", "a"], dtype="category"),
        pa.array(["a", None, "b", "a"]),
        pa.array(["a", None, "b", "a"], pa.large_string()),
        pa.array(["a", None, "b", "a"]).dictionary_encode(),
    ],
)
def test_texts_are_counted_however_they_are_held(values):
    assert column_of(values, "x") == Categories({"a": 2, "b": 1}, missing=1)


def test_what_is_neither_number_nor_text_is_counted_as_its_text():
    assert column_of(pd.Series([1, "a", 2.5], dtype=object), "x").counts == {"1": 1, "a": 1, "2.5": 1}
    assert column_of(pd.Series(pd.Categorical([1, 2, None, 1])), "x") == Categories({"1": 2, "2": 1}, 1)
    assert column_of(pd.Series([pd.Timedelta(days=1)]), "x").counts == {"1 days": 1}


BLANK = [pd.Series([None] * 2, dtype=object), pd.Series([np.nan] * 3), pd.Series([pd.NaT] * 4)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [(["a", "b"], Categories), ([1.0, 2.0], "number"), ([True], "boolean"), ([pd.Timestamp(0)], "date")],
)
@settings(deadline=None)
@given(st.permutations(range(4)), st.booleans())
def test_missing_values_take_the_type_of_the_others_in_any_order(values, kind, order, left):
    columns = [column_of(part, "x") for part in (pd.Series(values), *BLANK)]
    columns = [columns[at] for at in order]
    total = reduce(lambda a, b: added(a, b, "x") if left else added(b, a, "x"), columns)
    assert isinstance(total, Categories) if kind is Categories else total.kind == kind
    assert (total.missing, total.rows) == (9, 9 + len(values))


def test_booleans_with_missing_values_add_to_those_without():
    total = added(column_of(pd.Series([True, False]), "x"), column_of(pd.Series([1.0, np.nan]), "x"), "x")
    assert total.kind == "number" and total.histogram == Numbers.of(np.array([1, 0, 1])).histogram


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (pd.Series([1.0]), pd.Series(["a"]), "'x' holds numbers and texts"),
        (pd.Series(["a"]), pd.Series([True]), "'x' holds numbers and texts"),
        (pd.Series([1.0]), pd.Series([pd.Timestamp(0)]), "'x': dates and numbers do not add"),
    ],
)
def test_columns_of_other_types_do_not_add(a, b, message):
    with pytest.raises(DataError, match=message):
        added(column_of(a, "x"), column_of(b, "x"), "x")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pd.Series([1 + 2j]), "'x' holds complex numbers"),
        (pa.array([[1]]), "'x' holds list"),
        (pa.array([b"\xff"]), "'x' holds values that are no text"),
        (pd.Series(["\ud800"], dtype=object), "'x' holds values that are no text"),
    ],
)
def test_what_cannot_be_counted_is_named(values, message):
    with pytest.raises(DataError, match=message):
        column_of(values, "x")


def test_bytes_that_are_no_text_are_refused_by_name():
    with pytest.raises(DataError, match="column 'name' holds values that are no text"):
        column_of(pd.Series([b"a", b"\xff"]), "name")

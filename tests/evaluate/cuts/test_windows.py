import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import Windows

TIMES = st.datetimes(pd.Timestamp(1930, 1, 1).to_pydatetime(), pd.Timestamp(2100, 1, 1).to_pydatetime())


def cut(windows, values):
    return windows.of(pa.record_batch({windows.name: pa.array(values, from_pandas=True)})).to_pylist()


@given(st.lists(TIMES, min_size=1, max_size=10))
@settings(deadline=None)
def test_windows_are_those_of_pandas(times):
    series = pd.Series(times)
    for every, period in (
        ("1h", "h"),
        ("1d", "D"),
        ("1w", "W-SUN"),
        ("1mo", "M"),
        ("1y", "Y"),
        ("1min", "min"),
    ):
        starts = series.dt.to_period(period).dt.start_time
        assert [pd.Timestamp(text) for text in cut(Windows("at", every), series)] == starts.tolist()


def test_windows_are_told_no_finer_than_they_are():
    at = [pd.Timestamp("2024-03-07 14:22:11.5"), None]
    told = {
        "1s": "2024-03-07T14:22:11",
        "15min": "2024-03-07T14:15",
        "6h": "2024-03-07T12:00",
        "1d": "2024-03-07",
        "1w": "2024-03-04",
        "1mo": "2024-03",
        "1y": "2024",
    }
    assert {every: cut(Windows("at", every), at) for every in told} == {
        e: [text, None] for e, text in told.items()
    }


@pytest.mark.parametrize("as_type", ["date", "text", "category", "parquet"])
def test_dates_and_iso_texts_are_times_too(as_type):
    texts = pd.Series(["2024-03-07", "2024-03-31", None, "2024-04-01", "2024-03-07"])
    values = {
        "date": pd.to_datetime(texts).dt.date,
        "text": texts,
        "category": texts.astype("category"),
        "parquet": pa.array(texts, from_pandas=True).dictionary_encode(),
    }[as_type]
    assert cut(Windows("day", "1mo"), values) == ["2024-03", "2024-03", None, "2024-04", "2024-03"]


def test_a_zone_keeps_its_own_days_and_an_hour_that_comes_twice_is_one():
    utc = pd.Series(pd.to_datetime(["2024-10-26T23:30", "2024-10-27T00:30", "2024-10-27T01:30"], utc=True))
    berlin = utc.dt.tz_convert("Europe/Berlin")
    assert cut(Windows("at", "1d"), berlin) == ["2024-10-27"] * 3
    assert cut(Windows("at", "1h"), berlin) == ["2024-10-27T01:00", "2024-10-27T02:00", "2024-10-27T02:00"]


def test_numbers_have_windows_of_a_width():
    assert cut(Windows("row", 10), [0, 9, 10, -1, None]) == ["0", "0", "10", "-10", None]
    assert cut(Windows("x", 0.1), [0.3, 0.31, 0.6999, 0.7]) == ["0.3", "0.3", "0.6", "0.7"]


@pytest.mark.parametrize(
    "every", ["", "d", "0d", "1 day", "-1d", "1.5h", 0, -1.0, float("inf"), float("nan")]
)
def test_a_width_must_be_one(every):
    with pytest.raises(InvalidParameter, match="every must be"):
        Windows("at", every)


@pytest.mark.parametrize(
    ("windows", "values", "message"),
    [
        (Windows("at", "1d"), ["soon"], "column 'at' must hold times .*soon"),
        (Windows("at", "1d"), [1.5], "column 'at' must hold times .*got double: give a width as a number"),
        (Windows("at", "1d"), [True], "column 'at' must hold times .*got bool"),
        (Windows("at", 5), ["a"], "column 'at' must hold numbers .*got string"),
    ],
)
def test_other_columns_are_refused(windows, values, message):
    with pytest.raises(DataError, match=message):
        cut(windows, values)


@pytest.mark.parametrize(
    ("values", "every", "texts"),
    [
        # Neighbours whose first twelve digits are equal.
        ([1e15 + 8, 1e15 + 15, 1e15 + 32], 1000.0, ["1e+15"] * 3),
        ([1e12 + 9, 1e12 + 10, 1e12 + 20], 10.0, ["1e+12", "1.00000000001e+12", "1.00000000002e+12"]),
        # Of 1.7e12 widths from 0, and just before the next window.
        ([1.7e9 + 0.0007], 0.001, ["1700000000"]),
        ([-0.0, 0.0], 1.0, ["0", "0"]),
        ([np.inf, -np.inf, None], 1.0, ["inf", "-inf", None]),
    ],
    ids=["few digits", "many digits", "before the edge", "minus zero", "infinite"],
)
def test_windows_of_numbers_are_told_apart_and_no_more(values, every, texts):
    assert cut(Windows("at", every), values) == texts


@given(
    st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20), st.sampled_from([1, 3, 10, 60, 3600])
)
@settings(deadline=None)
def test_windows_of_whole_numbers_are_floors(values, every):
    texts = cut(Windows("at", every), values)
    assert [int(float(text)) for text in texts] == [value // every * every for value in values]


def test_numbers_too_far_out_for_their_width_are_refused():
    for values, every in (([1e300], 1e-10), ([1.0], 5e-324), ([1.7e18], 1)):
        with pytest.raises(
            DataError, match=r"'at' holds numbers that lie too many windows .* a larger width"
        ):
            cut(Windows("at", every), values)


@pytest.mark.parametrize("every", ["1d", 1.0])
def test_a_column_without_any_value_is_missing_whatever_its_type(every):
    assert cut(Windows("at", every), [None, None]) == [None, None]

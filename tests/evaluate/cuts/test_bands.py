import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import Bands, bands, count, slices
from mlflow_prod.evaluate.cuts.cut import Column

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def cut(bands, values, type=None):
    return bands.of(pa.record_batch({bands.name: pa.array(values, type)})).to_pylist()


def test_bands_hold_their_lower_edge_and_missing_stays_missing():
    found = cut(Bands("age", (25, 40)), [24.9, 25.0, 39.9, 40.0, None, float("nan"), float("inf")])
    assert found == ["under 25", "25 to 40", "25 to 40", "40 and over", None, None, "40 and over"]


def test_bands_of_whole_numbers_end_in_their_last_number():
    found = cut(Bands("age", (25, 26, 40)), [24, 25, 39, 40, None], pa.uint8())
    assert found == ["under 25", "25", "26 to 39", "40 and over", None]
    assert cut(Bands("age", (0.5, 2)), [1, 2], pa.int64()) == ["0.5 to 2", "2 and over"]


@given(st.lists(NUMBERS, min_size=1, max_size=8, unique=True), st.lists(NUMBERS, min_size=1, max_size=40))
def test_every_number_falls_where_pandas_puts_it(edges, values):
    edges = sorted(edges)
    found = pa.record_batch({"x": pa.array(values, pa.float64())})
    places = Bands("x", tuple(edges)).of(found).indices.to_pylist()
    expected = pd.cut(values, [-np.inf, *edges, np.inf], right=False, labels=False)
    assert places == expected.tolist()


def test_edges_far_from_zero_keep_their_digits():
    assert cut(Bands("t", (1_700_000_001, 1_700_000_002)), [1_700_000_001.5]) == ["1700000001 to 1700000002"]


def test_slices_by_bands_are_those_of_pandas():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"age": rng.integers(18, 80, 900), "y": rng.integers(0, 2, 900), "p": rng.random(900)}
    )
    found = slices(count(table, Task("binary", "y", ("0", "1")), "p", [Bands("age", (30, 60))]))
    rows = found.set_index("age")["rows"]
    assert rows["30 to 59"] == table["age"].between(30, 59).sum()
    assert rows[["under 30", "30 to 59", "60 and over"]].sum() == 900


@pytest.mark.parametrize("k", [2, 4, 10])
def test_bands_of_equal_share_are_found(k, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "income": rng.lognormal(3, 1, 20_000),
            "time": rng.normal(1.7e9, 3_600, 20_000),
            "tiny": rng.normal(0, 1e-6, 20_000),
            "age": rng.integers(18, 90, 20_000),
            "rooms": rng.integers(1, 6, 20_000),
            "sex": rng.choice(["Female", "Male"], 20_000),
        }
    )
    table.loc[::10, "income"] = np.nan
    table.to_parquet(tmp_path / "table.parquet", row_group_size=3_000)
    found = bands(table, list(table), k)
    assert found == bands(tmp_path / "table.parquet", list(table), k)
    assert found[4:] == (Column("rooms"), Column("sex"))
    for one in found[:4]:
        shares = pd.Series(cut(one, table[one.name])).value_counts(normalize=True, dropna=True)
        assert len(shares) == k and shares.between(1 / k - 0.02, 1 / k + 0.02).all()


@pytest.mark.parametrize("n", [1_000, 40_000])
def test_bands_of_any_number_of_rows_read_in_batches_are_those_of_all(n, monkeypatch):
    values = np.random.default_rng(1).permutation(np.arange(n) / 7)
    whole = bands(pd.DataFrame({"x": values}), ["x"])
    monkeypatch.setattr("mlflow_prod.data.batches.ROWS", 150)
    (found,) = bands(pd.DataFrame({"x": values}), ["x"])
    shares = np.searchsorted(np.sort(values), found.edges) / n
    # Two digits of the spread, of which half a hundredth is lost.
    assert whole == (found,) and shares == pytest.approx([0.25, 0.5, 0.75], abs=0.006)


def test_one_value_that_fills_most_rows_is_set_against_the_others():
    values = np.r_[np.zeros(900), np.arange(1, 101) / 3]
    (found,) = bands(pd.DataFrame({"loss": values}), ["loss"])
    assert pd.Series(cut(found, values)).value_counts().to_dict() == {"under 0.3": 900, "0.3 and over": 100}
    # Rounded it would be none.
    (found,) = bands(pd.DataFrame({"loss": np.where(values == 1 / 3, 1e-5, values)}), ["loss"])
    assert found.edges == (1e-5,)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=60), st.integers(2, 6))
@settings(deadline=None)
def test_no_band_is_empty_at_either_end_whatever_the_numbers(values, k):
    (found,) = bands(pd.DataFrame({"x": values}), ["x"], k)
    if isinstance(found, Bands):
        assert len(found.edges) < k and min(values) < found.edges[0] and found.edges[-1] <= max(values)
    else:
        assert len(set(values)) <= 8


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_a_spark_table_has_the_bands_of_the_same_rows_here(spark):
    rng = np.random.default_rng(4)
    table = pd.DataFrame({"a.b": rng.lognormal(0, 1, 9_000), "n": rng.integers(0, 90, 9_000), "town": "x"})
    frame = spark.createDataFrame(pa.Table.from_pandas(table, preserve_index=False)).repartition(3)
    assert bands(frame, list(table)) == bands(table, list(table))


def test_an_infinite_or_missing_column_and_no_rows_are_no_failure():
    table = pd.DataFrame({"x": [np.inf, np.nan] * 6, "y": [None] * 12})
    assert bands(table, ["x", "y"]) == (Column("x"), Column("y"))
    assert bands(table[:0], ["x"]) == (Column("x"),)


@pytest.mark.parametrize(
    "edges", [(), ("young",), (None,), 30, (1.0, 1.0), (2.0, 1.0), (float("nan"),), (float("inf"),)]
)
def test_edges_must_rise(edges):
    with pytest.raises(InvalidParameter, match="edges must be one or more finite numbers, each above"):
        Bands("age", edges)


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(DataError, match="column 'sex' must hold numbers to be cut by them, got string"):
        cut(Bands("sex", (1,)), ["Female"])
    with pytest.raises(InvalidParameter, match="k must be a whole number, 2 or more, got 1"):
        bands(pd.DataFrame({"x": [1]}), ["x"], 1)
    with pytest.raises(DataError, match="no column 'aeg': did you mean 'age'"):
        bands(pd.DataFrame({"age": [1]}), ["aeg"])


def test_whole_numbers_beyond_2_53_and_columns_without_any_value_are_cut_too():
    assert cut(Bands("n", (2.0**60,)), [2**60 + 1, 2**53 + 1], pa.int64()) == [
        "1.15292150461e+18 and over",
        "under 1.15292150461e+18",
    ]
    assert cut(Bands("n", (1,)), [None, None], pa.null()) == [None, None]

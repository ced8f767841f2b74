import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.errors import DataError
from mlflow_prod.profile import Column

FLOATS = st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.integers(-3, 3), max_size=120)


def _normal(n=5_000, seed=0):
    return pd.Series(np.random.default_rng(seed).normal(size=n), name="income")


def test_numbers_are_cut_into_twenty_cells_of_equal_shares():
    column = Column.of(_normal())
    assert column.kind == "number" and len(column.counts) == 20
    assert set(column.counts) == {250}


def test_the_outer_cells_are_open_so_that_no_extreme_is_stored():
    values = _normal()
    column = Column.of(values)
    assert values.min() < min(column.cuts) and max(column.cuts) < values.max()
    far = column.count(pd.Series([-1e300, 1e300]))
    assert far.counts[0] == far.counts[-1] == 1


@given(FLOATS)
def test_every_row_is_counted_once(values):
    series = pd.Series(values, dtype=float)
    column = Column.of(series)
    assert column.rows == len(series) == column.cells.sum()
    assert column.missing == series.isna().sum()
    assert column.infinite == np.isinf(series).sum()


@given(FLOATS)
def test_no_cell_of_a_reference_but_the_last_counts_one_to_nine_rows(values):
    column = Column.of(pd.Series(values, dtype=float))
    assert all(count == 0 or count >= 10 for count in column.counts[:-1]) or len(values) < 10


def test_an_upper_edge_belongs_to_its_cell():
    column = Column("number", (0.0, 1.0), (0, 0, 0))
    assert column.count(pd.Series([0.0, 0.5, 1.0, 1.5])).counts == (1, 2, 1)


def test_few_distinct_numbers_have_a_cell_each_and_rare_ones_share_the_last():
    column = Column.of(pd.Series([0.0] * 50 + [1.0] * 20 + [7.0] * 3))
    assert (column.kind, column.cuts, column.counts) == ("value", (0.0, 1.0), (50, 20, 3))
    assert column.count(pd.Series([0.0, 0.5, -1.0, 9.0])).counts == (1, 0, 3)


def test_a_constant_moves_to_the_last_cell_when_it_falls_or_rises():
    column = Column.of(pd.Series([5.0] * 100))
    assert column.count(pd.Series([4.0, 6.0, 5.0])).counts == (1, 2)


def test_a_common_value_among_many_has_a_cell_of_its_own():
    values = pd.Series(np.r_[np.zeros(600), np.random.default_rng(0).exponential(size=400)])
    column = Column.of(values)
    zeros = column.count(pd.Series([0.0] * 7))
    just_below = column.count(pd.Series([-1e-9]))
    assert max(column.counts) == 600 and max(zeros.counts) == 7
    assert int(np.argmax(just_below.counts)) != int(np.argmax(zeros.counts))


def test_booleans_with_and_without_missing_values_share_their_cells():
    column = Column.of(pd.Series([True] * 60 + [False] * 40))
    assert (column.cuts, column.counts) == ((0.0, 1.0), (40, 60, 0))
    assert column.count(pd.Series([1.0, np.nan, 0.0])).counts == (1, 1, 0)


def test_texts_have_a_cell_each_rare_and_unseen_ones_share_the_last():
    column = Column.of(pd.Series(["b"] * 30 + ["a"] * 40 + ["rare"] * 9 + [None] * 2))
    assert (column.kind, column.cuts, column.counts) == ("category", ("a", "b"), (40, 30, 9))
    assert column.missing == 2
    assert column.count(pd.Series(["rare", "new", "a"])).counts == (1, 0, 2)


def test_a_real_category_called_other_keeps_its_own_cell():
    column = Column.of(pd.Series(["other"] * 20 + ["a"] * 5))
    assert (column.cuts, column.counts) == (("other",), (20, 5))


def test_dates_are_numbers():
    dates = pd.Series(pd.date_range("2024-01-01", periods=400, freq="h"))
    column = Column.of(dates)
    assert column.kind == "number" and sum(column.counts) == 400
    assert column.count(dates + pd.Timedelta(days=365)).counts[-1] == 400
    assert column.count(dates.dt.as_unit("s")) == column


def test_texts_where_numbers_were_are_refused():
    with pytest.raises(DataError, match=r"'income' holds .*, where the baseline has numbers"):
        Column.of(_normal()).count(pd.Series(["12", "x"], name="income"))


def test_columns_of_other_cells_do_not_add():
    with pytest.raises(DataError, match="same cells"):
        Column.of(_normal()) + Column.of(_normal(seed=1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "text"}, "kind of a column"),
        ({"counts": [1, 2]}, "one longer"),
        ({"counts": [1, 2, -3]}, "whole numbers"),
        ({"counts": [1, 2, True]}, "whole numbers"),
        ({"missing": 0.5}, "whole numbers"),
        ({"cuts": [2.0, 1.0]}, "ascend"),
        ({"cuts": ["a", 1.0]}, "finite numbers"),
        ({"cuts": [1.0, float("inf")]}, "finite numbers"),
        ({"kind": "category", "cuts": ["a", "a"]}, "each once"),
        ({"extra": 1}, "exactly the keys"),
    ],
)
def test_a_column_that_is_not_one_is_refused(change, message):
    good = {"kind": "number", "cuts": [1.0, 2.0], "counts": [1, 2, 3], "missing": 0, "infinite": 0}
    assert Column.from_dict(good).rows == 6
    with pytest.raises(DataError, match=message):
        Column.from_dict(good | change)

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import DataError
from mlflow_prod.profile import Folded, Numbers, folded
from mlflow_prod.profile.column import column_of

FLOATS = st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.integers(-3, 3), max_size=120)


def _of(values):
    return Folded.of(column_of(pd.Series(values), "income"))


def _counted(column, values):
    """Rows between the cuts, by numpy, from the rows themselves."""
    values = np.asarray(values, np.float64)
    place = np.searchsorted(column.cuts, values[np.isfinite(values)], "right")
    return tuple(np.bincount(place, minlength=len(column.cuts) + 1).tolist())


def _normal(n=5_000, seed=0):
    return np.random.default_rng(seed).normal(size=n)


@settings(deadline=None)
@given(FLOATS)
def test_every_row_is_counted_once_and_no_cell_has_one_to_nine_rows(values):
    column = _of(np.array(values, np.float64))
    assert column.rows == len(values)
    assert column.counts == _counted(column, values)
    finite = np.isfinite(np.array(values, np.float64)).sum()
    assert all(count == 0 or count >= 10 for count in column.counts) or finite < 10


@pytest.mark.parametrize("n", [300, 4_000, 50_000])
def test_no_value_of_a_single_row_is_a_cut(n):
    for values in (_normal(n), np.exp(_normal(n)), -np.exp(_normal(n)), 1.7e9 + 1e4 * _normal(n)):
        assert len(_of(values).cuts) >= 20 and not set(_of(values).cuts) & set(values.tolist())


@settings(deadline=None)
@given(FLOATS)
def test_no_extreme_that_few_rows_have_is_stored(values):
    values = np.array(values, np.float64)
    column, finite = _of(values), values[np.isfinite(values)]
    for extreme in (finite.min(initial=np.inf), finite.max(initial=-np.inf)):
        if (finite == extreme).sum() < 10:
            assert extreme not in column.cuts and np.nextafter(extreme, np.inf) not in column.cuts


@pytest.mark.parametrize("n", [300, 5_000, 200_000])
@pytest.mark.parametrize("change", [np.exp, lambda v: 1e6 + 10 * v, lambda v: v * (v > 0), np.round])
def test_cells_count_what_numpy_counts_and_are_some_two_hundred(n, change):
    values = change(_normal(n))
    column = _of(values)
    assert column.counts == _counted(column, values)
    held = [count for count in column.counts if count]
    assert min(held) >= 10 and len(held) <= 2 * folded.CELLS
    different, rows = np.unique(values, return_counts=True)
    shared = 1 - rows.max() / n
    assert len(different) <= folded.CELLS or len(held) >= 0.9 * shared * min(folded.CELLS, n // 10)
    assert len(json.dumps(column.to_dict())) < 16_000


def test_few_different_numbers_have_a_cell_each_and_rare_ones_join_a_neighbour():
    column = _of([0.0] * 50 + [1.0] * 20 + [7.0] * 3)
    assert column.cuts == (0.0, np.nextafter(0.0, 1), 1.0)
    assert column.counts == (0, 50, 0, 23)


def test_a_common_value_among_many_has_a_cell_of_its_own():
    values = np.r_[np.full(600, 3.5), np.random.default_rng(0).exponential(size=4_000)]
    column = _of(values)
    at = column.cuts.index(3.5)
    assert (column.counts[at + 1], column.cuts[at + 1]) == (600, np.nextafter(3.5, 4))


def test_texts_have_a_cell_each_rare_and_unseen_ones_share_the_last():
    column = _of(["b"] * 30 + ["a"] * 40 + ["rare"] * 9 + [None] * 2)
    assert (column.kind, column.cuts, column.counts) == ("category", ("a", "b"), (40, 30, 9))
    assert column.missing == 2
    first, second = column.beside(column_of(pd.Series(["rare", "new", "a", None]), "x"), "x")
    assert first.tolist() == [40, 30, 9, 0, 2] and second.tolist() == [1, 0, 2, 0, 1]


def test_of_too_many_texts_what_went_uncounted_is_not_taken_for_lost():
    common = [f"common {at % 100}" for at in range(20_000)]
    column = _of([*common, *(f"old {at}" for at in range(5_000))])
    for rare in (5_000, 60_000):
        now = column_of(pd.Series([*common, *(f"new {at}" for at in range(rare))]), "x")
        first, second = column.beside(now, "x")
        assert first.sum() == 25_000 and second.sum() == 20_000 + rare
        assert np.array_equal(first[:-3], second[:-3]) and set(first[:-3]) == {200}
        assert (len(first) == 103) == (rare == 5_000) and len(first) > 10
        assert second[-3] == 20_000 + rare - 200 * len(first[:-3])


def test_a_real_category_called_other_keeps_its_own_cell():
    column = _of(["other"] * 20 + ["a"] * 5)
    assert (column.cuts, column.counts) == (("other",), (20, 5))


def test_at_most_two_hundred_texts_are_stored_the_commonest():
    texts = [f"t{at:03}" for at in range(300) for _ in range(10 + at)]
    column = _of(texts)
    assert column.cuts == tuple(f"t{at:03}" for at in range(299, 99, -1))


@pytest.mark.parametrize("n", [500, 100_000])
def test_rows_of_the_same_column_stand_in_the_same_cells(n):
    for values in (_normal(n), np.round(_normal(n)), np.r_[np.zeros(n), _normal(n)]):
        column = _of(values)
        first, second = column.beside(Numbers.of(values), "x")
        assert np.array_equal(first, second) and first.tolist()[:-2] == list(column.counts)


CHANGES = {
    "same": lambda v: v,
    "more bits": lambda v: v + np.random.default_rng(2).uniform(0, 1e-3, len(v)),
    "wider": lambda v: v * 1e6,
    "half": lambda v: v + np.random.default_rng(2).uniform(0, 0.5, len(v)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("n", [400, 40_000])
def test_both_sides_are_counted_exactly_at_every_cut_that_is_kept(change, whole, n):
    base, now = (_normal(size, seed) * 3 for size, seed in ((20_000, 0), (n, 1)))
    base, now = (np.round(v) if whole else v for v in (base, now))
    now = CHANGES[change](now)
    column = _of(base)
    first, second = column.beside(Numbers.of(now), "x")
    assert first.sum() == 20_000 and second.sum() == n
    # Each cell's end is a share of the baseline, at which numpy must find the same share of now.
    ends = np.sort(base)
    reached = np.cumsum(first)[:-3]
    for below, count in zip(reached, np.cumsum(second)[:-3], strict=True):
        left = ends[below - 1] if below else -np.inf
        right = ends[below] if below < len(ends) else np.inf
        assert (now <= left).sum() <= count <= (now < right).sum()


def test_whole_numbers_that_become_broken_leave_their_cells():
    base, now = (np.random.default_rng(seed).integers(0, 5, 40_000).astype(float) for seed in (0, 1))
    now[::2] += np.random.default_rng(2).uniform(0.1, 0.4, 20_000)
    first, second = _of(base).beside(Numbers.of(now), "x")
    assert not Numbers.of(now).histogram.exact
    assert second[first > 0].sum() == pytest.approx(20_000, abs=200)


def test_a_column_without_values_is_beside_anything():
    blank = Numbers.of(np.full(7, np.nan))
    for column in (_of(["a"] * 30), _of(_normal()), _of(pd.date_range("2024-01-01", periods=50))):
        first, second = column.beside(blank, "x")
        assert first.sum() == column.rows and second.tolist() == [0] * (len(first) - 1) + [7]
    first, second = _of([np.nan] * 20).beside(Numbers.of(np.array([1.0, np.inf])), "x")
    assert (first.tolist(), second.tolist()) == ([0, 0, 20], [1, 1, 0])


@pytest.mark.parametrize(
    ("base", "now", "message"),
    [
        (_normal(), ["12", "x"], "'income' holds texts, where the baseline has numbers"),
        (["a"] * 20, [1.0], "'income' holds numbers, where the baseline has texts"),
        (_normal(), [pd.Timestamp(0)], "'income' holds dates, where the baseline has numbers"),
        ([pd.Timestamp(0)] * 20, [True], "'income' holds booleans, where the baseline has dates"),
    ],
)
def test_another_type_is_refused(base, now, message):
    with pytest.raises(DataError, match=message):
        _of(base).beside(column_of(pd.Series(now), "income"), "income")


@settings(deadline=None)
@given(FLOATS)
def test_a_column_survives_json(values):
    column = _of(np.array(values, np.float64))
    assert Folded.from_dict(json.loads(json.dumps(column.to_dict()))) == column


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "text"}, "kind of a column"),
        ({"kind": ["number"]}, "kind of a column"),
        ({"counts": [1, 2]}, "one longer"),
        ({"counts": [1, 2, -3]}, "whole numbers"),
        ({"counts": [1, 2, True]}, "whole numbers"),
        ({"missing": 0.5}, "whole numbers"),
        ({"cuts": [2.0, 1.0]}, "ascend"),
        ({"cuts": ["a", 1.0]}, "finite numbers"),
        ({"cuts": [1.0, float("inf")]}, "finite numbers"),
        ({"cuts": [1, 10**400]}, "finite numbers"),
        ({"kind": "category", "cuts": ["a", "a"]}, "each once"),
        ({"extra": 1}, "exactly the keys"),
    ],
)
def test_a_column_that_is_not_one_is_refused(change, message):
    good = {"kind": "number", "cuts": [1.0, 2.0], "counts": [1, 2, 3], "missing": 0, "infinite": 0}
    assert Folded.from_dict(good).rows == 6
    with pytest.raises(DataError, match=message):
        Folded.from_dict(good | change)

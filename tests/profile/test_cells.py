import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import DataError
from mlflow_prod.profile import Cells, Layout
from mlflow_prod.profile.cells import NARROW
from mlflow_prod.profile.table import MOST_CELLS
from mlflow_prod.profile.wire import pack, unpack

TEXTS = st.sampled_from(["", "a", "b", "é", "missing", "c"])
ROWS = st.lists(
    st.tuples(
        TEXTS, st.none() | TEXTS, st.booleans(), st.integers(0, 5), st.floats(-1e3, 1e3), st.floats(0, 9)
    ),
    max_size=40,
)
COLUMNS = ("town", "kind", "new")
CROSSES = ((0, 1), (0, 1, 2))


def counted(rows, crosses=CROSSES, weighted=False, marks=0):
    cells = Cells(Layout(COLUMNS, crosses, (2, 3), 1, weighted, marks=marks))
    parts = list(zip(*rows, strict=True)) or [()] * 6
    groups = [
        pa.array(parts[0], pa.string()),
        pa.array(parts[1], pa.string()),
        pa.array(parts[2], pa.bool_()),
    ]
    weight = np.array(parts[5], np.float64) if weighted else None
    inner, values = np.array(parts[3], np.int64), np.array(parts[4], np.float64)
    marked = [
        (inner.astype(np.int32), values),
        (np.full(len(inner), marks - 1, np.int32), np.ones(len(inner))),
    ]
    cells.add(groups, inner, values.reshape(1, -1), weight, marked if marks else [])
    return cells


def told(cells):
    found = cells.slices()
    arrays = zip(found.rows, found.mass, found.squares, found.sums, strict=True)
    return dict(zip(found.cuts, arrays, strict=True))


def assert_same(one, other):
    one, other = told(one), told(other)
    assert list(one) == list(other)
    for cut, (rows, *floats) in one.items():
        assert np.array_equal(rows, other[cut][0])
        for mine, theirs in zip(floats, other[cut][1:], strict=True):
            assert np.allclose(mine, theirs, rtol=1e-12, atol=1e-9, equal_nan=True)


@settings(deadline=None)
@given(ROWS, st.booleans())
def test_every_slice_holds_the_rows_that_pandas_finds(rows, weighted):
    table = pd.DataFrame(rows, columns=[*COLUMNS, "inner", "value", "weight"])
    table["kind"] = table["kind"].astype(object).where(table["kind"].notna(), "missing")
    table["new"] = table["new"].map(str)
    found = told(counted(rows, weighted=weighted))
    assert found[()][0].sum() == len(rows)
    for columns in ((0,), (1,), (2,), *CROSSES):
        names = [COLUMNS[at] for at in columns]
        expected = {cut: part for cut, part in table.groupby(names)} if len(table) else {}
        shown = [cut for cut in found if [name for name, _ in cut] == names]
        assert [tuple(value for _, value in cut) for cut in shown] == sorted(expected)
        for cut in shown:
            part = expected[tuple(value for _, value in cut)]
            counts, mass, squares, sums = found[cut]
            weight = part["weight"] if weighted else np.ones(len(part))
            assert np.array_equal(counts.ravel(), np.bincount(part["inner"], minlength=6))
            assert np.allclose(mass.ravel(), np.bincount(part["inner"], weight, 6))
            assert np.allclose(squares.ravel(), np.bincount(part["inner"], weight**2, 6))
            if len(columns) > 1:
                assert np.isnan(sums).all()
            else:
                value = part["value"]
                expected_sums = [weight * value, weight**2 * value, weight**2 * value**2]
                assert np.allclose(sums[0], [np.sum(one) for one in expected_sums], rtol=1e-9)


@settings(deadline=None)
@given(ROWS, ROWS, ROWS, st.booleans())
def test_cells_add_in_any_order_and_grouping_to_those_of_all_rows(a, b, c, weighted):
    one, two, three = (counted(rows, weighted=weighted) for rows in (a, b, c))
    whole = counted(a + b + c, weighted=weighted)
    assert_same((one + two) + three, whole)
    assert_same(one + (two + three), whole)
    assert_same(three + (two + one), whole)
    batches = Cells(whole.layout)
    for cells in (one, two, three):
        batches = batches + cells
    assert_same(batches, whole)


@settings(deadline=None)
@given(ROWS, ROWS, st.sampled_from([7, NARROW + 1]))
def test_marks_are_summed_up_by_place_for_all_rows_and_single_columns(a, b, marks):
    parts = [counted(rows, marks=marks) for rows in (a, b)]
    for cells in (counted(a + b, marks=marks), parts[0] + parts[1], parts[1] + parts[0]):
        found = cells.slices()
        for cut, got in zip(found.cuts, found.marks, strict=True):
            if len(cut) > 1:
                assert np.isnan(got).all()
                continue
            there = [
                row for row in a + b if all(text(row[COLUMNS.index(name)]) == value for name, value in cut)
            ]
            expected = np.zeros(marks)
            for row in there:
                expected[row[3]] += row[4]
                expected[-1] += 1
            assert np.allclose(got, expected, rtol=1e-9)
        assert [len(part.marks) for part in found.parts(3)][:1] == [min(3, len(found.cuts))]
    assert counted(a).slices().marks is None


def text(value):
    return "missing" if value is None else str(value)


def ids(start, stop):
    texts = [f"id{number}" for number in range(start, stop)]
    return [(text, "a", True, 0, 1.0, 1.0) for text in texts]


@pytest.mark.parametrize("first", [10, MOST_CELLS, MOST_CELLS + 10])
def test_what_has_too_many_values_is_left_out_whatever_came_first(first):
    rows = ids(0, MOST_CELLS + 50)
    parts = counted(rows[:first]), counted(rows[first:])
    for cells in (counted(rows), parts[0] + parts[1], parts[1] + parts[0]):
        assert cells.left_out == (("town",), ("town", "kind"), ("town", "kind", "new"))
        found = told(cells)
        assert {tuple(name for name, _ in cut) for cut in found} == {(), ("kind",), ("new",)}
        for counts, _, _, sums in found.values():
            assert counts.sum() == len(rows) and sums[0, 0] == len(rows)


def test_a_cross_that_grows_too_large_leaves_its_columns():
    towns = [(f"town{number % 500}", f"kind{number % 499}", True, 0, 0.0, 1.0) for number in range(5_000)]
    for cut in (100, 4_000):
        cells = counted(towns[:cut]) + counted(towns[cut:])
        assert cells.left_out == (("town", "kind"), ("town", "kind", "new"))
        found = told(cells)
        assert len(found) == 1 + 500 + 499 + 1
        assert found[(("town", "town7"),)][0].sum() == 10
        assert found[(("kind", "kind498"),)][0].sum() == 10


def test_dictionaries_that_differ_from_batch_to_batch_are_one_column():
    cells = Cells(Layout(("town",), (), (1,)))
    for texts in (["a", "b"], ["b", "c", None], ["c", "a"]):
        column = pa.array(texts).dictionary_encode()
        cells.add([column], np.zeros(len(texts), np.int64))
    counts = {cut[0][1]: int(table[0].sum()) for cut, table in told(cells).items() if cut}
    assert counts == {"a": 2, "b": 2, "c": 2, "missing": 1}


def test_every_cross_of_eight_columns_is_counted():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, (8, 500))
    crosses = tuple(itertools.combinations(range(8), 2))
    cells = Cells(Layout(tuple("abcdefgh"), crosses, (1,)))
    cells.add([pa.array(column) for column in codes], np.zeros(500, np.int64))
    found = told(cells)
    assert len(found) == 1 + 8 * 3 + 28 * 9
    assert found[("c", "1"), ("f", "2")][0].sum() == ((codes[2] == 1) & (codes[5] == 2)).sum()


def test_columns_of_other_lengths_and_other_layouts_are_refused():
    cells = Cells(Layout(("a", "b"), (), (1,)))
    with pytest.raises(DataError, match=r"2 columns of 3 rows, got \[3, 2\]"):
        cells.add([pa.array([1, 2, 3]), pa.array([1, 2])], np.zeros(3, np.int64))
    with pytest.raises(DataError, match="count the same columns, crosses and bins"):
        cells + Cells(Layout(("a", "c"), (), (1,)))


@settings(deadline=None)
@given(ROWS, ROWS, st.booleans())
def test_counts_come_back_from_bytes_and_add_as_before(a, b, weighted):
    one, other = counted(a, weighted=weighted), counted(b, weighted=weighted)
    back = Cells.from_bytes(one.to_bytes())
    assert back.layout == one.layout
    assert_same(back, one)
    assert_same(back + other, one + other)
    assert Cells.from_bytes(back.to_bytes()).to_bytes() == one.to_bytes()


@pytest.mark.parametrize("first", [10, MOST_CELLS + 10])
def test_bytes_keep_what_was_left_out(first):
    rows = ids(0, MOST_CELLS + 50)
    cells = counted(rows[:first]) + counted(rows[first:])
    back = Cells.from_bytes(cells.to_bytes())
    assert back.left_out == cells.left_out
    assert_same(back, cells)
    assert_same(back + counted(rows[:5]), cells + counted(rows[:5]))


def test_bytes_of_something_else_are_refused():
    cells = counted(ids(0, 3))
    head, arrays = unpack(cells.to_bytes())
    layout = head["layout"]
    wrong = [
        {"version": 2},
        {"levels": [["a", "a"], ["a"], ["True"]]},
        {"levels": [["a", 1, "b"], ["a"], ["True"]]},
        {"levels": [["a"], ["a"], ["True"]]},
        {"levels": [["a"]]},
        {"levels": None},
        {"layout": None},
        {"layout": {**layout, "more": 1}},
        {"layout": {**layout, "columns": ["town", "kind", "kind"]}},
        {"layout": {**layout, "crosses": [[0, 3]]}},
        {"layout": {**layout, "crosses": [[0]]}},
        {"layout": {**layout, "inner": [2, 4]}},
        {"layout": {**layout, "inner": [-1]}},
        {"layout": {**layout, "weighted": 0}},
        {"layout": {**layout, "weighted": True}},
    ]
    for change in wrong:
        with pytest.raises(DataError, match="counts of slices"):
            Cells.from_bytes(pack({**head, **change}, arrays))
    for others in (arrays[:1], arrays[::-1], [arrays[0][:-1], arrays[1]], [arrays[0][:1], arrays[1]]):
        with pytest.raises(DataError, match="counts of slices"):
            Cells.from_bytes(pack(head, others))
    with pytest.raises(DataError, match="no counts that can be read"):
        Cells.from_bytes(b"")

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlflow_prod.data import Task
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.evaluate.search.excess import Excess
from mlflow_prod.evaluate.search.overlaps import Overlapping
from mlflow_prod.profile import Cells, Layout

CROSSES = ((0, 1), (0, 2), (1, 2), (0, 1, 2))


def counted(missed, groups, values=None, weight=None):
    layout = Layout(
        tuple(groups),
        CROSSES,
        (1,) if values is not None else (2,),
        int(values is not None),
        weight is not None,
        True,
    )
    cells = Cells(layout)
    inner = np.zeros(len(groups), int) if values is not None else missed
    columns = [pa.array(groups[name]) for name in groups]
    cells.add(columns, inner, values, weight)
    cost = missed if values is None else values[0]
    # Of a number predicted as 0 the error is the number.
    of_rows = Rows(Task("regression", "cost"), np.asarray(cost, float), np.zeros(len(cost)), weight)
    return Excess(cells.slices()), of_rows, columns


class Cost:
    columns = ("a", "b", "c")

    def values(self, rows):
        return rows.target


def rows(seed=0, n=12_000):
    rng = np.random.default_rng(seed)
    groups = pd.DataFrame({name: rng.choice(list("uvwx"), n) for name in "abc"})
    return groups, rng


def listed(counts, most=9):
    excess, of_rows, columns = counts
    order = np.argsort(excess.p[1:], kind="stable") + 1
    some = excess.standing_out(order[excess.p[order] < 0.05])
    overlapping = Overlapping(Cost(), tuple(excess.cuts[at] for at in some))
    overlaps = overlapping.cells()
    overlapping.add(overlaps, of_rows, columns)
    return [excess.cuts[at] for at in excess.explaining(some, overlaps, most)]


@pytest.mark.parametrize("how", ["counts", "weighted", "values"])
@pytest.mark.parametrize(
    "cut",
    [
        (("b", "v"),),
        (("a", "u"), ("c", "w")),
        (("a", "x"), ("b", "u"), ("c", "v")),
    ],
    ids=["one column", "two", "three"],
)
def test_the_slice_that_explains_an_excess_is_listed_and_none_that_overlaps_with_it(cut, how):
    groups, rng = rows()
    inside = np.logical_and.reduce([groups[column] == value for column, value in cut])
    missed = (rng.random(len(groups)) < np.where(inside, 0.45, 0.15)).astype(np.int64)
    weight = rng.uniform(0.5, 1.5, len(groups)) if how == "weighted" else None
    values = (missed * 2.0 + rng.exponential(0.3, len(groups)))[None] if how == "values" else None
    counts = counted(missed, groups, values, weight)
    assert listed(counts)[0] == cut
    assert (counts[0].p < 1e-5).sum() > 1 or len(cut) == 3
    related = [one for one in listed(counts) if set(one) & set(cut) and one != cut]
    assert related == []


def test_a_larger_slice_with_an_excess_of_its_own_is_listed_beside_the_one_in_it():
    groups, rng = rows()
    larger = groups["a"] == "u"
    smaller = larger & (groups["b"] == "v")
    rate = np.select([smaller, larger], [0.7, 0.35], 0.15)
    counts = counted((rng.random(len(groups)) < rate).astype(np.int64), groups)
    assert set(listed(counts, 2)) == {(("a", "u"),), (("a", "u"), ("b", "v"))}


def test_a_larger_slice_whose_excess_two_others_make_is_not_listed():
    groups, rng = rows()
    made = (groups["a"] == "u") & groups["b"].isin(["v", "w"])
    found = listed(counted((rng.random(len(groups)) < np.where(made, 0.5, 0.15)).astype(np.int64), groups))
    assert set(found[:2]) == {(("a", "u"), ("b", "v")), (("a", "u"), ("b", "w"))}
    assert (("a", "u"),) not in found


def test_a_column_that_says_the_same_in_other_words_adds_nothing():
    groups, rng = rows()
    groups["c"] = groups["a"].str.upper()
    missed = (rng.random(len(groups)) < np.where(groups["a"] == "u", 0.4, 0.15)).astype(np.int64)
    found = listed(counted(missed, groups))
    assert (("a", "u"),) in found[:1] or (("c", "U"),) in found[:1]
    assert len([one for one in found if dict(one).get("a") == "u" or dict(one).get("c") == "U"]) == 1


def test_the_figures_are_those_of_the_rows_and_p_is_1_within_a_standard_error():
    groups, rng = rows(n=900)
    values = rng.exponential(1, 900)
    excess, *_ = counted(None, groups, values[None])
    for at, cut in enumerate(excess.cuts[1:], 1):
        inside = np.logical_and.reduce([groups[column] == value for column, value in cut])
        assert excess.rows[at] == inside.sum()
        assert excess.figure.value[at] == pytest.approx(values[inside].mean())
        assert excess.rest.value[at] == pytest.approx(values[~inside].mean())
    gap = excess.figure.value - excess.rest.value
    near = gap * np.sqrt(excess.rows) < 0.99 * values.std()
    assert (excess.p[1:][near[1:]] == 1).all() and (excess.p[1:][~near[1:]] < 0.5).any()

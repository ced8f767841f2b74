import itertools
from importlib import import_module

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.evaluate.search.overlaps import MOST_SLICES, Overlapping, Overlaps

COST = Task("regression", "cost")
SLICES = ((("a", "u"),), (("b", "v"), ("a", "u")), (("c", "missing"),), (("a", "x"), ("b", "u"), ("c", "1")))


class Cost:
    columns = ("a", "b", "c")

    def values(self, rows):
        return rows.target


def table(seed, n):
    rng = np.random.default_rng(seed)
    letters = {name: rng.choice(list("uvwx"), n) for name in "ab"}
    numbers = pd.array(rng.integers(0, 3, n), "Int64")
    numbers[rng.random(n) < 0.3] = pd.NA
    return pd.DataFrame({**letters, "c": numbers, "cost": rng.exponential(1, n), "w": rng.uniform(0, 2, n)})


def counted(rows, slices=SLICES, weighted=False):
    overlapping = Overlapping(Cost(), slices)
    cells = overlapping.cells()
    if len(rows):
        weight = rows["w"].to_numpy() if weighted else None
        groups = [pa.array(rows[name]) for name in Cost.columns]
        overlapping.add(cells, Rows(COST, rows["cost"].to_numpy(), np.zeros(len(rows)), weight), groups)
    return cells


def member(rows, slices=SLICES):
    told = rows.astype(object).where(rows.notna(), "missing").astype(str)
    return np.stack(
        [np.logical_and.reduce([told[column] == value for column, value in cut]) for cut in slices], axis=1
    )


def by_way(cells):
    return {tuple(way): sums for way, sums in zip(cells.inside.tolist(), cells.sums.T, strict=True)}


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_are_summed_by_the_slices_that_they_lie_in(weighted):
    rows = table(0, 2_000)
    found, inside = by_way(counted(rows, weighted=weighted)), member(rows)
    ways = np.unique(inside, axis=0)
    assert len(found) == len(ways) > 5
    v = rows["cost"].to_numpy()
    w = rows["w"].to_numpy() if weighted else np.ones(len(rows))
    for way in ways:
        at = (inside == way).all(axis=1)
        expected = [one[at].sum() for one in (w**0, w, w**2, w * v, w**2 * v, w**2 * v**2)]
        assert found[tuple(way)] == pytest.approx(expected, rel=1e-12) and found[tuple(way)][0] == at.sum()


@given(st.integers(0, 1_000), st.lists(st.integers(0, 60), min_size=3, max_size=3), st.booleans())
@settings(deadline=None)
def test_overlaps_add_in_any_order_and_travel_as_bytes(seed, sizes, weighted):
    rows = table(seed, sum(sizes))
    ends = [0, *np.cumsum(sizes)]
    a, b, c = (counted(rows[start:end], weighted=weighted) for start, end in itertools.pairwise(ends))
    whole = by_way(counted(rows, weighted=weighted))
    for total in ((a + b) + c, a + (b + c), c + (a + b), Overlaps.from_bytes((b + a + c).to_bytes())):
        found = by_way(total)
        assert found.keys() == whole.keys()
        for way, sums in whole.items():
            assert found[way] == pytest.approx(sums, rel=1e-12) and found[way][0] == sums[0]


@given(st.integers(0, 1_000), st.integers(1, 40))
@settings(deadline=None, max_examples=30)
def test_of_too_many_ways_the_first_slices_are_told_apart_whatever_the_order_of_rows(seed, most):
    """Each slice is a value of a: of four and a missing one rows lie in five ways, of c in four more."""
    slices = (*((("a", value),) for value in "uvw"), *((("c", value),) for value in "012"), *SLICES)
    rows = table(seed, 300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("mlflow_prod.evaluate.search.overlaps"), "MOST_WAYS", most)
        whole = counted(rows, slices)
        parts = sum(
            (counted(rows[at : at + 50], slices) for at in range(50, 300, 50)), counted(rows[:50], slices)
        )
    expected = {tuple(way) for way in np.unique(member(rows, slices)[:, : whole.slices], axis=0).tolist()}
    assert whole.slices == parts.slices and by_way(whole).keys() == by_way(parts).keys() == expected
    assert len(expected) <= most and whole.sums[0].sum() == parts.sums[0].sum() == 300
    more = len(np.unique(member(rows, slices), axis=0)) > most
    assert (whole.slices < len(slices)) == more


def test_as_many_as_are_told_apart():
    slices = tuple((("a", str(value)),) for value in range(MOST_SLICES))
    rows = pd.DataFrame(
        {"a": [str(value) for value in range(MOST_SLICES)] * 2, "b": "", "c": "", "cost": 1.0}
    )
    cells = counted(rows, slices)
    assert cells.inside.sum(axis=0).tolist() == [1] * MOST_SLICES and (cells.sums[0] == 2).all()


@pytest.mark.parametrize("data", [b"", b"junk", Overlaps(3).to_bytes()[:-1]])
def test_bytes_of_something_else_are_refused(data):
    with pytest.raises(DataError, match="these bytes are no"):
        Overlaps.from_bytes(data)

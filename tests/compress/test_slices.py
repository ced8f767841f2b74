import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.compress import slice_differences, slice_measures
from mlflow_prod.data import Task
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate import versus
from mlflow_prod.evidence import Evidence

BINARY = Task("binary", "y", ("no", "yes"))
NUMBER = Task("regression", "y")


def some(n=600, hurt="Female", seed=0):
    """An original that is right, and a small model that is wrong in a third of the rows of one group."""
    draw = np.random.default_rng(seed)
    groups = pd.DataFrame({"sex": draw.choice(["Female", "Male"], n), "town": draw.choice(["a", "b"], n)})
    groups.loc[:9, "town"] = "c"
    target = draw.integers(0, 2, n)
    original = np.where(target == 1, 0.9, 0.1)
    wrong = (groups["sex"] == hurt).to_numpy() & (draw.random(n) < 1 / 3)
    return target, original, np.where(wrong, 1 - original, original), groups


def test_the_group_that_is_hurt_comes_first():
    table = slice_differences(BINARY, *some())
    assert tuple(table.loc[0, ["column", "group"]]) == ("sex", "Female")
    assert table["difference"].is_monotonic_increasing
    first, last = table.iloc[0], table.iloc[-1]
    assert first["difference_high"] < -0.2 and (last["group"], last["difference"]) == ("Male", 0)


def test_groups_of_fewer_rows_than_30_are_left_out_by_their_effective_number():
    target, original, small, groups = some()
    table = slice_differences(BINARY, target, original, small, groups)
    assert set(table["group"]) == {"Female", "Male", "a", "b"}
    weight = np.where(groups["sex"] == "Male", 1.0, 1e-9)
    weight[np.flatnonzero(groups["sex"] == "Female")[:5]] = 1.0
    table = slice_differences(BINARY, target, original, small, groups, weight)
    assert "Female" not in set(table["group"]) and "Male" in set(table["group"])
    assert slice_differences(BINARY, *(part[:20] for part in (target, original, small, groups))).empty


@pytest.mark.parametrize("task", [BINARY, NUMBER], ids=lambda task: task.kind)
@pytest.mark.parametrize("weighted", [False, True])
def test_each_is_what_versus_says_of_its_rows(task, weighted):
    target, original, small, groups = some()
    weight = np.random.default_rng(3).random(len(target)) + 0.5 if weighted else None
    name = "mae" if task is NUMBER else "accuracy"
    table = slice_differences(task, target, original, small, groups, weight)
    for row in table.itertuples():
        held = (groups[row.column] == row.group).to_numpy()
        parts = [part[held] for part in (target, small, original)]
        found = versus(task, *parts, "f" * 64, None if weight is None else weight[held])
        (expected,) = [measure for measure in found if measure.name == name]
        assert (row.difference, row.n, row.rows) == (pytest.approx(expected.value), expected.n, held.sum())
        assert (row.difference_low, row.difference_high) == pytest.approx((expected.low, expected.high))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.sampled_from([BINARY, NUMBER]))
def test_the_worst_is_no_better_than_any_and_its_interval_holds_it(seed, task):
    target, original, small, groups = some(seed=seed)
    table = slice_differences(task, target, original, small, groups)
    assert (table["together_low"] <= table["difference_low"] + 1e-12).all()
    assert (table["together_high"] >= table["difference_high"] - 1e-12).all()
    *sliced, worst = slice_measures(task, table)
    assert worst.name == "worst_slice_difference" and not worst.slice
    sign = 1 if task is NUMBER else -1
    assert all(sign * measure.value <= sign * worst.value for measure in sliced)
    assert worst.low <= worst.value <= worst.high and worst.value == table["difference"].iloc[0]


def test_the_worst_of_the_truth_is_held_as_often_as_the_interval_says():
    held = 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        groups = pd.DataFrame({"g": np.repeat(list("abcd"), 150)})
        target = np.ones(600, np.int64)
        # All four lose the same share, so that what looks worst does so by chance.
        original, small = (np.where(draw.random(600) < share, 0.9, 0.1) for share in (0.9, 0.8))
        *_, worst = slice_measures(BINARY, slice_differences(BINARY, target, original, small, groups))
        held += worst.low <= -0.1 <= worst.high
    assert held >= 95


def test_measures_are_named_by_slice_and_fit_a_record():
    measures = slice_measures(BINARY, slice_differences(BINARY, *some()))
    assert measures[0].title == "slice/sex/Female/difference/accuracy"
    assert len(Evidence("compression", "0" * 64, "1" * 64, tuple(measures)).measures) == 5
    assert slice_measures(NUMBER, slice_differences(NUMBER, *some()))[0].name == "difference/mae"


def test_without_groups_there_is_nothing_to_tell():
    target, original, small, groups = some()
    table = slice_differences(BINARY, target, original, small, groups[[]])
    assert table.empty and slice_measures(BINARY, table) == []


def test_answers_that_are_none_are_refused():
    target, original, small, groups = some()
    with pytest.raises(DataError, match="finite"):
        slice_differences(BINARY, target, original, small * np.nan, groups)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.data import Task
from mlflow_prod.data.split import Split, hold_classes
from mlflow_prod.errors import DataError, InvalidParameter


@given(st.lists(st.integers(0, 3), min_size=3, max_size=200), st.integers(0, 5), st.booleans(), st.booleans())
def test_each_row_is_in_one_part(codes, seed, stratified, timed):
    codes = np.array(codes)
    time = codes.astype(float) if timed else None
    parts = Split(seed=seed).divide(len(codes), codes if stratified else None, time)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(codes)))


@given(st.integers(0, 50))
def test_each_part_has_the_same_share_of_each_class(seed):
    codes = np.repeat([0, 1, 2], [600, 300, 100])
    for part, share in zip(
        Split(0.1, 0.25, seed=seed).divide(1_000, codes, None), (0.65, 0.1, 0.25), strict=True
    ):
        assert np.bincount(codes[part]) == pytest.approx(np.array([600, 300, 100]) * share, abs=1)


def test_the_same_seed_divides_alike_and_another_does_not():
    first, again, other = (Split(seed=seed).divide(100, None, None) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_by_time_the_earliest_train_and_the_newest_test():
    time = np.random.default_rng(1).permutation(100).astype(float)
    train, validation, test = Split(0.1, 0.25).divide(100, None, time)
    assert time[train].max() < time[validation].min() <= time[validation].max() < time[test].min()
    assert (len(train), len(validation), len(test)) == (65, 10, 25)


@pytest.mark.parametrize("values", [{"validation": 0}, {"test": 0.95}, {"test": -0.1}, {"rows": -1}])
def test_a_bad_share_is_named(values):
    with pytest.raises(InvalidParameter):
        Split(**values)


def test_two_rows_cannot_be_divided():
    with pytest.raises(DataError, match="2 rows cannot be divided"):
        Split().divide(2, None, None)


def test_a_class_that_is_in_one_part_only_is_named():
    task = Task("binary", "y", ("no", "yes"))
    parts = {"train": np.array([0, 0, 1]), "test": np.array([0, 0])}
    with pytest.raises(
        DataError, match=r"class 'yes' has no row in test \(1 in train, 0 in test\): give more"
    ):
        hold_classes(task, parts, by_time=False)
    with pytest.raises(DataError, match="leave `time` out"):
        hold_classes(task, parts, by_time=True)

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.train import reweighing

ROWS = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(["a", "b", "c"]), st.sampled_from(["x", "y"]), st.floats(0.01, 100)
    ),
    min_size=1,
    max_size=80,
)


@settings(deadline=None)
@given(ROWS, st.booleans())
def test_every_group_that_has_all_classes_gets_the_same_rates_and_totals_stay(rows, weighted):
    target = np.array([row[0] for row in rows])
    groups = pd.DataFrame([row[1:3] for row in rows], columns=["one", "two"])
    held = np.array([row[3] for row in rows]) if weighted else np.ones(len(rows))
    weight = reweighing(target, groups, held if weighted else None)
    cross = groups["one"] + groups["two"]
    classes = set(target)
    for group in set(cross):
        here = (cross == group).to_numpy()
        if set(target[here]) < classes:
            continue
        assert weight[here].sum() == pytest.approx(held[here].sum(), rel=1e-12)
        for code in classes:
            rate = weight[here & (target == code)].sum() / weight[here].sum()
            assert rate == pytest.approx(held[target == code].sum() / held.sum(), rel=1e-12)


def test_one_column_by_hand():
    target = np.array([1, 1, 0, 1, 0, 0, 0, 0])
    groups = pd.DataFrame({"sex": ["m", "m", "m", "f", "f", "f", "f", "f"]})
    expected = [3 * 3 / (8 * 2)] * 2 + [3 * 5 / (8 * 1)] + [5 * 3 / (8 * 1)] + [5 * 5 / (8 * 4)] * 4
    np.testing.assert_allclose(reweighing(target, groups), expected, rtol=1e-14)


def test_independent_groups_keep_their_weights():
    target = np.tile([0, 0, 1], 20)
    groups = pd.DataFrame({"sex": np.repeat(["m", "f"], 30)})
    np.testing.assert_allclose(reweighing(target, groups), 1.0, rtol=1e-14)


def test_a_missing_value_is_a_group_of_its_own():
    target = np.array([0, 1, 1, 0, 1, 0, 0, 0])
    groups = pd.DataFrame({"sex": ["m", "m", "m", "m", None, None, None, None]})
    weight = reweighing(target, groups)
    assert weight[:4] @ target[:4] == pytest.approx(weight[4:] @ target[4:], rel=1e-12)


def test_what_it_cannot_weigh_is_refused():
    groups = pd.DataFrame({"sex": ["m", "f"]})
    with pytest.raises(InvalidParameter, match="classification"):
        reweighing(np.array([0.5, 1.5]), groups)
    with pytest.raises(InvalidParameter, match="at least one protected column"):
        reweighing(np.array([0, 1]), groups[[]])
    with pytest.raises(DataError, match="differ in rows"):
        reweighing(np.array([0, 1, 1]), groups)
    with pytest.raises(DataError, match="weight"):
        reweighing(np.array([0, 1]), groups, np.array([-1.0, 2.0]))

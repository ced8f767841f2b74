import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import count, reliability
from mlflow_prod.stats import wilson

TASK = Task("binary", "repaid", ("no", "yes"))


def _frame(n=5_000, scores=None, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(1, 2, n) if scores is None else rng.choice(scores, n)
    target = np.where(rng.random(n) < score**1.5, "yes", "no")
    return pd.DataFrame({"repaid": target, "score": score, "sex": rng.choice(["f", "m"], n)})


def test_groups_of_equal_size_are_those_of_scikit_learn():
    frame = _frame(100_000)
    found = reliability(count(frame, TASK, "score", []))
    observed, said = calibration_curve(
        frame["repaid"] == "yes", frame["score"], n_bins=10, strategy="quantile"
    )
    # A group ends where a bin of scores does: a bin holds at most 1.2 per cent of the rows.
    assert len(found) == 10 and found["rows"].sum() == 100_000
    assert found["rows"].between(8_800, 11_200).all()
    assert np.abs(found["said"] - said).max() < 0.01
    assert np.abs(found["observed"] - observed).max() < 0.02


def test_what_is_observed_is_exact_and_what_was_said_lies_within_a_bin():
    frame = _frame()
    found = reliability(count(frame, TASK, "score", []))
    ordered, at = frame.sort_values("score"), 0
    for _, group in found.iterrows():
        rows = ordered.iloc[at : at + int(group["rows"])]
        at += int(group["rows"])
        positive = (rows["repaid"] == "yes").sum()
        assert group["observed"] == pytest.approx(positive / len(rows), abs=1e-12)
        assert group["said"] == pytest.approx(rows["score"].mean(), abs=0.006)
        assert (group["low"], group["high"]) == pytest.approx(wilson(positive, len(rows)), abs=1e-12)


def test_slices_have_groups_of_their_own():
    frame = _frame()
    found = reliability(count(frame, TASK, "score", ["sex"]), ["sex"])
    assert list(found["slice"].unique()) == ["all rows", "sex f", "sex m"]
    alone = reliability(count(frame[frame["sex"] == "f"], TASK, "score", []))
    of = found[found["slice"] == "sex f"].drop(columns="slice").reset_index(drop=True)
    pd.testing.assert_frame_equal(of, alone.drop(columns="slice"))


def test_equal_weights_leave_shares_as_they_are():
    frame = _frame()
    plain = reliability(count(frame, TASK, "score", []))
    weighted = reliability(count(frame.assign(w=3.0), TASK, "score", [], weight="w"))
    pd.testing.assert_frame_equal(plain, weighted, rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 400), st.lists(st.floats(0, 1), min_size=1, max_size=4), st.integers(0, 9))
def test_every_row_is_in_one_group_of_ten_rows_or_more(n, scores, seed):
    found = reliability(count(_frame(n, scores, seed), TASK, "score", []))
    if n < 10:
        assert not len(found)
        return
    assert found["rows"].sum() == n and found["rows"].min() >= 10 and len(found) <= 10
    assert (found["said"].diff().dropna() >= 0).all()
    assert ((found["low"] <= found["observed"]) & (found["observed"] <= found["high"])).all()


def test_what_has_no_one_probability_is_refused():
    frame = pd.DataFrame({"price": [1.0, 2.0], "score": [1.0, 2.0]})
    with pytest.raises(InvalidParameter, match="task must be binary"):
        reliability(count(frame, Task("regression", "price"), "score", []))
    with pytest.raises(InvalidParameter, match="did you mean 'sex'"):
        reliability(count(_frame(), TASK, "score", ["sex"]), ["sexx"])

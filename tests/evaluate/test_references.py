from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.dummy import DummyClassifier, DummyRegressor

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import evaluation, references

REPAID = Task("binary", "repaid", ("no", "yes"))
KIND = Task("multiclass", "kind", ("a", "b", "c"))
PRICE = Task("regression", "price")
ELEC2 = Path(__file__).parents[3] / "shared" / "data" / "elec2" / "elec.csv"


def binary(n=600, seed=0):
    rng = np.random.default_rng(seed)
    target = (rng.random(n) < 0.3).astype(int)
    return target, np.clip(target * 0.3 + rng.random(n) * 0.7, 0, 1), rng.uniform(0.1, 2, n)


def by_model(*arguments, **named):
    return references(*arguments, **named).set_index("model")


@pytest.mark.parametrize("weighted", [False, True])
def test_this_model_and_the_incumbent_have_the_figures_of_evaluation(weighted):
    target, scores, weight = binary()
    weight = weight if weighted else None
    found = by_model(REPAID, target, scores, weight, others={"incumbent": 1 - scores})
    for name, theirs in (("this model", scores), ("incumbent", 1 - scores)):
        for measure in evaluation(REPAID, target, theirs, pd.DataFrame(), weight):
            assert found.loc[name, measure.name] == measure.value
            assert found.loc[name, f"{measure.name}_low"] == measure.low
            assert found.loc[name, f"{measure.name}_high"] == measure.high


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", [REPAID, KIND], ids=["binary", "multiclass"])
def test_the_majority_class_is_scikit_learns_dummy(task, weighted):
    rng = np.random.default_rng(0)
    target = np.minimum(rng.choice(3, 500, p=[0.6, 0.3, 0.1]), len(task.classes) - 1)
    weight = rng.uniform(0.1, 2, 500) if weighted else None
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((500, 1)), target, weight)
    shares = dummy.predict_proba(np.zeros((500, 1)))
    row = by_model(task, target, shares[:, 1] if task is REPAID else shares, weight).loc["majority class"]
    answers = dummy.predict(np.zeros((500, 1)))
    assert row["accuracy"] == pytest.approx(metrics.accuracy_score(target, answers, sample_weight=weight))
    assert row["log_loss"] == pytest.approx(metrics.log_loss(target, shares, sample_weight=weight))
    assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_of_numbers_the_mean_and_the_median_are_scikit_learns_dummies(strategy):
    rng = np.random.default_rng(0)
    learnt, target = rng.exponential(size=501), rng.exponential(size=400)
    dummy = DummyRegressor(strategy=strategy).fit(np.zeros((501, 1)), learnt)
    answers = dummy.predict(np.zeros((400, 1)))
    row = by_model(PRICE, target, target, learnt=learnt).loc[strategy]
    assert row["mae"] == pytest.approx(metrics.mean_absolute_error(target, answers), abs=1e-12)
    assert row["r2"] == pytest.approx(metrics.r2_score(target, answers), abs=1e-12)
    here = by_model(PRICE, target, target)
    others = [np.abs(target - constant).mean() for constant in target]
    assert here.loc["median", "mae"] <= min(others) + 1e-12
    assert here.loc["mean", "rmse"] <= here.loc["median", "rmse"]


def test_a_majority_that_was_learnt_elsewhere_may_be_a_minority_here():
    target, scores, _ = binary()
    row = by_model(REPAID, target, scores, learnt=1 - target).loc["majority class"]
    assert row["accuracy"] == pytest.approx(target.mean())


def test_no_change_answers_with_the_row_before_in_time():
    target = np.array([0, 0, 0, 1, 1, 1, 1, 0, 0, 1])
    order = np.random.default_rng(0).permutation(10)
    row = by_model(REPAID, target[order], np.full(10, 0.5), time=order).loc["no change"]
    assert row["n"] == 9 and row["accuracy"] == pytest.approx(6 / 9)
    assert np.isnan(row[["auc", "log_loss", "brier", "log_loss_high"]].to_numpy(float)).all()
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    row = by_model(PRICE, values, values, time=pd.date_range("2026", periods=5).to_numpy()).loc["no change"]
    assert row["mae"] == pytest.approx((2 + 3 + 3 + 4) / 4)


@pytest.mark.skipif(not ELEC2.is_file(), reason="the Elec2 data are not there")
def test_the_no_change_baseline_of_elec2_is_the_published_one():
    target = pd.read_csv(ELEC2)["class"].to_numpy()
    row = by_model(REPAID, target, np.full(len(target), 0.5), time=np.arange(len(target))).loc["no change"]
    assert row["accuracy"] == pytest.approx(0.8533, abs=5e-5)
    assert row["accuracy_low"] < 0.853 < row["accuracy_high"]


def test_people_are_given_by_their_answers_or_by_their_figures():
    target, scores, _ = binary()
    answers = np.where(np.random.default_rng(1).random(len(target)) < 0.1, 1 - target, target)
    row = by_model(REPAID, target, scores, human=answers).loc["human level"]
    assert row["accuracy"] == pytest.approx((answers == target).mean())
    assert row["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(target, answers))
    assert np.isnan(row["log_loss"])
    told = by_model(REPAID, target, scores, human={"accuracy": 0.95}).loc["human level"]
    assert told["accuracy"] == 0.95 and np.isnan(told[["accuracy_low", "n", "auc"]].to_numpy(float)).all()
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 300)
    row = by_model(KIND, kinds, rng.dirichlet([1, 1, 1], 300), human=kinds).loc["human level"]
    assert row["accuracy"] == 1 and np.isnan(row["brier"])


def test_what_does_not_fit_is_refused_by_name():
    target, scores, _ = binary()
    for named, error, message in (
        (
            {"others": {"incumbent": scores[1:]}},
            DataError,
            "incumbent: scores of a binary task must have shape",
        ),
        ({"others": {"old": np.full(600, np.nan)}}, DataError, "old: scores must be finite"),
        ({"others": {"no change": scores}}, InvalidParameter, "others must be named otherwise than"),
        ({"learnt": np.array([0, 2])}, DataError, "learnt: target must hold class codes 0 to 1"),
        ({"learnt": np.array([], int)}, DataError, "learnt: there are no rows"),
        ({"time": np.arange(3)}, DataError, "time must have 600 values"),
        ({"time": np.r_[np.nan, np.arange(599)]}, DataError, "none missing"),
        ({"human": target[1:]}, DataError, "human level: scores of a binary task must have shape"),
        ({"human": target + 1}, DataError, "human level: target must hold class codes 0 to 1"),
        ({"human": {"acuracy": 0.9}}, InvalidParameter, "did you mean 'accuracy'"),
        ({"human": {"accuracy": np.nan}}, InvalidParameter, "human must be finite figures"),
        ({"human": {"accuracy": 98}}, InvalidParameter, "human must be shares between 0 and 1"),
        ({"time": np.array([1, "a"] * 300, object)}, DataError, "time must hold values of one type"),
    ):
        with pytest.raises(error, match=message):
            references(REPAID, target, scores, **named)

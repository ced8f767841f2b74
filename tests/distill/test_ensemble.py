import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from mlflow_prod.distill import ensemble
from mlflow_prod.errors import DataError


def test_several_teachers_answer_as_a_soft_vote_of_scikit_learn():
    inputs, target = load_digits(return_X_y=True)
    members = [("line", LogisticRegression(max_iter=50)), ("bayes", GaussianNB())]
    vote = VotingClassifier(members, voting="soft").fit(inputs[:300] / 16, target[:300])
    rows = inputs[300:400] / 16
    found = ensemble({name: vote.named_estimators_[name].predict_proba(rows) for name, _ in members})
    np.testing.assert_allclose(found, vote.predict_proba(rows), rtol=1e-12)


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(2, 5), st.integers(0, 2**31))
def test_probabilities_stay_probabilities(teachers, classes, seed):
    scores = np.random.default_rng(seed).dirichlet([1] * classes, (teachers, 7))
    found = ensemble({str(at): one for at, one in enumerate(scores)})
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found >= scores.min(axis=0) - 1e-12).all() and (found <= scores.max(axis=0) + 1e-12).all()


def test_one_teacher_is_taken_as_it_is():
    scores = np.array([0.1, 0.7])
    assert ensemble({"one": scores}) is scores


def test_teachers_that_do_not_fit_are_named():
    with pytest.raises(DataError, match=r"a \(3,\), b \(3, 4\)"):
        ensemble({"a": np.ones(3), "b": np.ones((3, 4))})
    with pytest.raises(DataError, match="no teacher"):
        ensemble({})

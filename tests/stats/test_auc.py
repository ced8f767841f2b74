import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import auc_interval, delong, delong_of_bins, wilson


def _sample(seed, positives=60, negatives=90, shift=1.0, ties=False):
    rng = np.random.default_rng(seed)
    scores = np.r_[rng.normal(shift, 1, positives), rng.normal(0, 1, negatives)]
    return np.r_[np.ones(positives, bool), np.zeros(negatives, bool)], scores.round(0) if ties else scores


@given(st.integers(0, 10_000), st.booleans())
def test_the_area_is_scikit_learns_with_and_without_ties(seed, ties):
    positive, scores = _sample(seed, 17, 23, ties=ties)
    assert delong(positive, scores)[0] == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)


@given(st.integers(0, 10_000))
def test_the_weighted_area_is_scikit_learns(seed):
    positive, scores = _sample(seed, 17, 23, ties=True)
    weight = np.random.default_rng(seed).uniform(0.1, 3, len(scores))
    expected = roc_auc_score(positive, scores, sample_weight=weight)
    assert delong(positive, scores, weight)[0] == pytest.approx(expected, abs=1e-9)


def test_the_variance_is_delongs_from_all_pairs():
    positive, scores = _sample(1, ties=True)
    high, low = scores[positive], scores[~positive]
    wins = (high[:, None] > low) + 0.5 * (high[:, None] == low)
    expected = wins.mean(1).var(ddof=1) / len(high) + wins.mean(0).var(ddof=1) / len(low)
    assert delong(positive, scores)[1] == pytest.approx(expected, rel=1e-12)
    assert delong(positive, scores, np.full(len(scores), 2.0))[1] == pytest.approx(expected, rel=1e-9)


def test_the_interval_covers_the_true_area():
    from scipy.stats import norm

    truth, covered = norm.cdf(1 / np.sqrt(2)), 0
    for seed in range(1_000):
        area, variance = delong(*_sample(seed, 40, 40))
        low, high = auc_interval(area, variance, 40, 40)
        covered += low <= truth <= high
    assert 930 <= covered <= 970


def test_separated_classes_leave_doubt():
    area, variance = delong(np.array([0, 0, 0, 1, 1], bool), np.arange(5.0))
    low, high = auc_interval(area, variance, 2, 3)
    assert (area, variance, high) == (1, 0, 1) and low < 0.5


@given(st.integers(0, 10_000))
def test_separated_classes_leave_as_much_doubt_where_rows_are_weighted(seed):
    rng = np.random.default_rng(seed)
    ups, downs = np.zeros((2, 40))
    ups[20:], downs[:20] = rng.exponential(1, (2, 20))
    for first, second, end in ((ups, downs, 1), (downs, ups, 0)):
        area, variance, _ = delong_of_bins(first, second)
        assert area == pytest.approx(end, abs=1e-12)
        smaller = min(ups.sum(), downs.sum())
        low, high = auc_interval(area, variance, first.sum(), second.sum())
        assert (low, high) == pytest.approx(wilson(end * smaller, smaller), abs=1e-12)


def test_one_class_is_refused():
    with pytest.raises(InvalidParameter, match="at least two rows of each class"):
        delong(np.ones(5, bool), np.arange(5.0))


@given(st.integers(0, 10_000), st.integers(4, 60))
def test_bins_of_one_score_each_give_the_area_and_variance_of_the_rows(seed, n):
    rng = np.random.default_rng(seed)
    positive, scores = np.arange(n) % 2 == 0, rng.integers(0, 12, n) / 12
    ups, downs = (
        np.bincount((scores[of] * 12).round().astype(int), minlength=13) for of in (positive, ~positive)
    )
    area, variance, bound = delong_of_bins(ups, downs)
    assert (float(area), float(variance)) == pytest.approx(delong(positive, scores), abs=1e-12)
    assert bound == pytest.approx((ups * downs).sum() / (2 * ups.sum() * downs.sum()))


def test_bins_without_two_rows_of_a_class_have_no_area():
    counts = np.array([[2, 0], [1, 0], [0, 0]]), np.array([[1, 1], [3, 0], [2, 2]])
    assert np.isnan(delong_of_bins(*counts)[0]).tolist() == [False, True, True]

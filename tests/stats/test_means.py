import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.weightstats import DescrStatsW

from mlflow_prod.stats import effective_n, mean


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_the_interval_of_a_mean_is_statsmodels(values):
    values = np.array(values)
    peer = DescrStatsW(values)
    centre, low, high = mean(values)
    assert centre == pytest.approx(values.mean(), abs=1e-6)
    assert np.allclose((low, high), peer.zconfint_mean(), atol=1e-6, rtol=1e-9)


def test_equal_weights_change_nothing():
    values = np.random.default_rng(0).normal(size=30)
    assert np.allclose(mean(values, np.full(30, 7.0)), mean(values))
    assert effective_n(np.full(30, 7.0)) == pytest.approx(30)


def test_a_row_that_carries_all_weight_counts_as_one():
    centre, low, high = mean(np.array([1.0, 5.0]), np.array([1.0, 0.0]))
    assert (centre, low, high) == (1.0, -math.inf, math.inf)


def test_the_weighted_interval_covers_the_mean():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(1_000):
        low, high = mean(rng.normal(2, 1, 200), rng.exponential(1, 200))[1:]
        covered += low <= 2 <= high
    assert 925 <= covered <= 970


def test_nothing_is_known_of_no_values_or_one():
    assert math.isnan(mean(np.empty(0))[0])
    assert mean(np.array([3.0])) == (3.0, -math.inf, math.inf)
    assert effective_n(np.zeros(3)) == 0


def test_the_confidence_widens_the_interval_as_the_normal_does():
    values = np.arange(10.0)
    half = mean(values, confidence=0.99)[2] - values.mean()
    assert half == pytest.approx(scipy_stats.norm.ppf(0.995) * scipy_stats.sem(values))

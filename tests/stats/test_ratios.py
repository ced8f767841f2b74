import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from statsmodels.stats.proportion import confint_proportions_2indep

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import mover_ratio, pairs_confidence, smallest_ratio, wilson

COUNTS = st.tuples(st.integers(1, 200), st.integers(1, 200)).map(sorted)


def rate(hits, n, confidence=0.95):
    return (hits / n, *wilson(hits, n, confidence))


@settings(deadline=None)
@given(COUNTS, COUNTS)
def test_the_ends_are_where_the_differences_interval_ends_in_zero(first, second):
    """Donner and Zou's own definition: first - R second, by square-and-add, has an end at 0."""
    (p, p_low, p_high), (q, q_low, q_high) = rate(*first), rate(*second)
    low, high = (float(end) for end in mover_ratio((p, p_low, p_high), (q, q_low, q_high)))

    def below(ratio):
        return p - ratio * q - np.hypot(p - p_low, ratio * (q_high - q))

    def above(ratio):
        return p - ratio * q + np.hypot(p_high - p, ratio * (q - q_low))

    assert 0 <= low <= p / q <= high
    assert low == pytest.approx(brentq(below, 0, p / q + 1e-9), abs=1e-6)
    if np.isfinite(high):
        assert high == pytest.approx(brentq(above, p / q - 1e-9, 1e9), rel=1e-6)
    else:
        assert q_low == 0


def test_many_rows_give_what_the_logarithms_delta_method_gives():
    low, high = mover_ratio(rate(30_000, 100_000), rate(60_000, 100_000))
    expected = confint_proportions_2indep(30_000, 100_000, 60_000, 100_000, compare="ratio", method="log")
    assert (float(low), float(high)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("p", "q", "n", "m"), [(0.3, 0.5, 40, 60), (0.8, 0.85, 100, 30), (0.1, 0.2, 80, 200)]
)
def test_nineteen_of_twenty_intervals_hold_the_true_ratio(p, q, n, m):
    rng = np.random.default_rng(0)
    hits, others = rng.binomial(n, p, 20_000), rng.binomial(m, q, 20_000)
    low, high = mover_ratio(rate(hits, n), rate(others, m))
    assert np.mean((low <= p / q) & (p / q <= high)) == pytest.approx(0.95, abs=0.01)


def test_the_smallest_ratio_holds_all_pairs_together():
    rates, n = np.array([0.5, 0.5, 0.45, 0.4]), np.array([60, 200, 90, 120])
    rng = np.random.default_rng(1)
    held = 0
    for hits in rng.binomial(n, rates, (1_000, 4)):
        found = smallest_ratio(hits / n, *wilson(hits, n, pairs_confidence(4)))
        assert found[0] == pytest.approx((hits / n).min() / (hits / n).max()) and found[1] <= found[0]
        held += found[1] <= 0.8 <= found[2]
    assert held >= 0.95 * 1_000


def test_what_is_nothing_over_nothing_is_said():
    ratio, low, high = smallest_ratio([0, 0], *wilson([0, 0], [20, 20]))
    assert np.isnan(ratio) and (low, high) == (0, 1)
    low, high = mover_ratio(rate(0, 20), rate(10, 20))
    assert low == 0 and 0 < high < 1


def test_one_group_and_negative_figures_are_refused():
    with pytest.raises(InvalidParameter, match="values must be at least two groups, got 1"):
        smallest_ratio([0.5], [0.4], [0.6])
    with pytest.raises(InvalidParameter, match=r"low must be >= 0, got -1\.0"):
        mover_ratio((0.5, -1.0, 0.6), (0.5, 0.4, 0.6))

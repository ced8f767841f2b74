import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, quantile_test

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import quantile

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200).map(np.array)
SHARES = st.sampled_from([0.05, 0.5, 0.9, 0.95, 0.99])


@settings(deadline=None)
@given(VALUES, SHARES, st.sampled_from([0.8, 0.95]))
def test_the_interval_is_scipys_of_the_sign_test(values, share, confidence):
    _, low, high = quantile(values, share, confidence)
    theirs = quantile_test(values, q=0, p=share).confidence_interval(confidence)
    for ours, expected in ((low, theirs.low), (high, theirs.high)):
        assert np.isnan(expected) if ours is None else ours == expected


@settings(deadline=None)
@given(VALUES, SHARES)
def test_the_value_is_one_of_them_and_lies_in_its_interval(values, share):
    value, low, high = quantile(values, share)
    assert value in values and (values <= value).mean() >= share - 1e-12
    assert (low is None or low <= value) and (high is None or value <= high)


@pytest.mark.parametrize(("n", "share"), [(20, 0.5), (100, 0.95), (1000, 0.95)])
def test_the_interval_holds_the_truth_as_often_as_it_says(n, share):
    # Of values 0, 1, 2, ... the ends are their own ranks, and how many lie below the truth is binomial.
    _, low, high = quantile(np.arange(n, dtype=float), share)
    below, above = binom.cdf(low, n, share), binom.sf(high, n, share)
    assert below <= 0.025 and above <= 0.025


def test_the_upper_end_of_the_95th_part_needs_72_values():
    assert quantile(np.arange(71.0), 0.95)[2] is None
    assert quantile(np.arange(72.0), 0.95)[2] == 71


@pytest.mark.parametrize(
    ("values", "share", "message"),
    [
        ([], 0.5, "values must be finite, at least one"),
        ([np.nan], 0.5, "values must be finite"),
        ([1.0], 0.0, "share must be strictly between 0 and 1"),
    ],
)
def test_what_has_no_quantile_is_refused(values, share, message):
    with pytest.raises(InvalidParameter, match=message):
        quantile(np.array(values), share)

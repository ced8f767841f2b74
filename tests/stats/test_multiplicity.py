import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import benjamini_hochberg, chosen_confidence, holm

VALUES = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.04])), min_size=1, max_size=40)


@pytest.mark.parametrize("n", [1, 2, 40])
def test_adjusted_values_are_statsmodels(n):
    # Few: a call of theirs takes long in a process that has much loaded.
    values = np.random.default_rng(n).random(n) ** 4
    values[n // 2 :] = values[n // 2 :].round(1)
    for ours, theirs in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        assert np.allclose(ours(values), multipletests(values, method=theirs)[1], atol=1e-12)


@given(VALUES, st.integers(0, 2**31))
def test_what_is_no_test_stays_so_and_counts_for_none(values, seed):
    holes = np.insert(values, np.random.default_rng(seed).integers(0, len(values) + 1, 3), np.nan)
    for adjust in (holm, benjamini_hochberg):
        found = adjust(holes)
        assert np.isnan(found).sum() == 3
        assert np.array_equal(found[~np.isnan(holes)], adjust(values))


def test_no_values_and_no_tests_are_no_alarm():
    for adjust in (holm, benjamini_hochberg):
        assert adjust([]).tolist() == [] and np.isnan(adjust([np.nan])).all()


@given(VALUES)
def test_holm_is_stricter_than_benjamini_hochberg_and_neither_is_below_the_value(values):
    assert np.all(holm(values) >= benjamini_hochberg(values) - 1e-15)
    assert np.all(benjamini_hochberg(values) >= np.array(values) - 1e-15)


def test_a_thousand_true_statements_raise_an_alarm_in_one_table_of_twenty():
    p = np.random.default_rng(0).random((2_000, 1_000))
    for adjust in (holm, benjamini_hochberg):
        alarms = np.mean([(adjust(row) <= 0.05).any() for row in p])
        # Four standard errors of 2,000 draws.
        assert 0.03 < alarms < 0.07


def test_intervals_of_what_was_picked_hold_as_often_as_they_say_and_ordinary_ones_do_not():
    rng, truth = np.random.default_rng(1), np.zeros(200)
    held: dict[str, list[float]] = {"chosen": [], "ordinary": []}
    for _ in range(1_000):
        seen = rng.normal(truth, 1)
        picked = np.argsort(seen)[-10:]
        for name, confidence in (("chosen", chosen_confidence(10, 200)), ("ordinary", 0.95)):
            half = norm.ppf(0.5 + confidence / 2)
            held[name].append(np.mean(np.abs(seen[picked]) <= half))
    assert np.mean(held["chosen"]) >= 0.94
    assert np.mean(held["ordinary"]) < 0.8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: holm([0.5, 1.5]), "p must be between 0 and 1"),
        (lambda: benjamini_hochberg([-0.1]), "p must be between 0 and 1"),
        (lambda: chosen_confidence(0, 5), "chosen must be between 1 and the 5 statements, got 0"),
        (lambda: chosen_confidence(6, 5), "chosen must be between 1 and the 5 statements, got 6"),
        (lambda: chosen_confidence(1, 5, 1.0), "confidence must be strictly between 0 and 1"),
    ],
)
def test_bad_parameters_are_refused(call, message):
    with pytest.raises(InvalidParameter, match=message):
        call()

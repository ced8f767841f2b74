import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import clopper_pearson, largest_gap, newcombe, pairs_confidence, wilson

COUNTS = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_statsmodels_wilson(counts, confidence):
    expected = proportion_confint(*counts, alpha=1 - confidence, method="wilson")
    assert np.allclose(wilson(*counts, confidence), expected, atol=1e-12)


@given(COUNTS)
def test_wilson_holds_the_share_and_stays_inside_zero_and_one(counts):
    low, high = wilson(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1


def test_wilson_takes_arrays_and_knows_nothing_without_rows():
    low, high = wilson([0, 0, 5, 2], [0, 5, 5, 4])
    assert low.tolist()[:2] == [0, 0] and high[0] == 1 and high[2] == 1
    assert 0 < high[1] < 1 and 0 < low[2] < 1


def test_wilson_covers_the_truth_as_often_as_it_says_on_average_over_rates():
    n, rates = 40, np.linspace(0.02, 0.98, 97)
    hits = np.arange(n + 1)
    low, high = wilson(hits, n)
    covered = [binom.pmf(hits, n, p)[(low <= p) & (p <= high)].sum() for p in rates]
    assert 0.945 < np.mean(covered) < 0.96


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_clopper_pearson_is_statsmodels_exact_interval(counts, confidence):
    expected = proportion_confint(*counts, alpha=1 - confidence, method="beta")
    assert np.allclose(clopper_pearson(*counts, confidence), expected, atol=1e-9)


@pytest.mark.parametrize("n", [10, 40])
def test_clopper_pearson_covers_the_truth_at_least_as_often_as_it_says_at_every_rate(n):
    hits = np.arange(n + 1)
    low, high = clopper_pearson(hits, n)
    for p in np.linspace(0.001, 0.999, 301):
        assert binom.pmf(hits, n, p)[(low <= p) & (p <= high)].sum() >= 0.95


@given(COUNTS, COUNTS)
def test_newcombe_is_statsmodels_newcombe_and_turns_its_sign_with_the_order(first, second):
    one, two = ((hits / n, *wilson(hits, n)) for hits, n in (first, second))
    expected = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert np.allclose(newcombe(one, two), expected, atol=1e-9)
    assert np.allclose(newcombe(two, one), [-expected[1], -expected[0]], atol=1e-9)


@given(st.lists(COUNTS, min_size=2, max_size=6))
def test_the_largest_gap_lies_in_its_interval_whatever_the_order_of_groups(counts):
    hits, n = np.array(counts, float).T

    def gap(order):
        ends = wilson(hits[order], n[order], pairs_confidence(len(n)))
        return largest_gap(hits[order] / n[order], *ends)

    value, low, high = gap(np.arange(len(n)))
    assert 0 <= low <= value + 1e-12 and value <= high + 1e-12
    assert np.allclose((value, low, high), gap(np.arange(len(n))[::-1]))


def test_equal_groups_seldom_seem_to_differ_however_many_there_are():
    rng = np.random.default_rng(3)
    seen = 0
    for _ in range(400):
        hits = rng.binomial(200, 0.6, 8)
        seen += largest_gap(hits / 200, *wilson(hits, 200, pairs_confidence(8)))[1] > 0
    assert seen <= 30


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: wilson(3, 2), "successes"),
        (lambda: wilson(-1, 2), "successes"),
        (lambda: wilson(1, float("nan")), "successes"),
        (lambda: wilson(1, 2, 1.0), "confidence"),
        (lambda: largest_gap([0.5], [0.4], [0.6]), "values"),
    ],
)
def test_a_bad_parameter_names_itself(call, name):
    with pytest.raises(InvalidParameter, match=f"{name} must be"):
        call()

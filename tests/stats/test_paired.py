import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_rel
from statsmodels.stats.contingency_tables import mcnemar as peer

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import (
    delong,
    mcnemar,
    newcombe,
    paired_auc,
    paired_bootstrap,
    paired_mean,
    paired_proportions,
    wilson,
)


def hits(both, first, second, neither):
    a = np.repeat([True, True, False, False], [both, first, second, neither])
    b = np.repeat([True, False, True, False], [both, first, second, neither])
    return a, b


def test_where_the_hits_are_independent_it_is_the_interval_of_independent_samples():
    a, b = hits(36, 12, 24, 8)
    shares = [(x.mean(), *(float(end) for end in wilson(x.sum(), len(x)))) for x in (a, b)]
    gap, low, high = paired_proportions(a, b)
    assert gap == pytest.approx(48 / 80 - 60 / 80)
    assert (low, high) == pytest.approx(newcombe(*shares))


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda cells: sum(cells) > 0))
def test_the_interval_holds_the_difference_and_swaps_with_the_models(cells):
    a, b = hits(*cells)
    gap, low, high = paired_proportions(a, b)
    assert -1.0001 <= low <= gap <= high <= 1.0001
    assert gap == pytest.approx(a.mean() - b.mean())
    assert paired_proportions(b, a) == pytest.approx((-gap, -high, -low))


def test_rows_that_both_get_right_do_not_widen_it():
    a, b = hits(900, 20, 15, 65)
    _, low, high = paired_proportions(a, b)
    shares = [(x.mean(), *(float(end) for end in wilson(x.sum(), len(x)))) for x in (a, b)]
    apart_low, apart_high = newcombe(*shares)
    assert high - low < 0.6 * (apart_high - apart_low)


def test_it_covers_the_truth_19_times_of_20():
    rng = np.random.default_rng(0)
    shares, covered = (0.7, 0.12, 0.08, 0.1), 0
    for _ in range(1_000):
        _, low, high = paired_proportions(*hits(*rng.multinomial(150, shares)))
        covered += low <= 0.04 <= high
    assert 930 <= covered <= 985


def test_weights_that_are_equal_change_nothing_and_repeat_rows_otherwise():
    a, b = hits(50, 20, 10, 20)
    assert paired_proportions(a, b, np.full(100, 3.0)) == pytest.approx(paired_proportions(a, b))
    some = np.r_[np.ones(50), np.zeros(50)]
    assert paired_proportions(a, b, some) == pytest.approx(paired_proportions(a[:50], b[:50]))


def test_rows_must_be_the_same():
    with pytest.raises(InvalidParameter, match="of the length of first"):
        paired_proportions(np.ones(3, bool), np.ones(4, bool))


def scores(n, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.4
    signal = positive + rng.normal(size=n)
    return positive, signal + noise * rng.normal(size=n), signal + noise * rng.normal(size=n)


def test_the_difference_of_two_areas_agrees_with_the_bootstrap():
    positive, first, second = scores(400)
    gap, low, high = paired_auc(positive, first, second)
    assert gap == pytest.approx(delong(positive, first)[0] - delong(positive, second)[0])
    rng = np.random.default_rng(1)
    drawn = [
        delong(positive[at], first[at])[0] - delong(positive[at], second[at])[0]
        for at in (rng.integers(0, 400, 400) for _ in range(1_000))
    ]
    assert (high - low) / 2 / 1.96 == pytest.approx(np.std(drawn), rel=0.1)


def test_what_both_have_in_common_does_not_widen_it():
    positive, first, second = scores(400, noise=0.2)
    _, low, high = paired_auc(positive, first, second)
    apart = 1.96 * np.sqrt(delong(positive, first)[1] + delong(positive, second)[1])
    assert (high - low) / 2 < 0.5 * apart
    assert paired_auc(positive, first, first) == (0, 0, 0)


def test_it_covers_no_difference_19_times_of_20():
    covered = 0
    for seed in range(400):
        _, low, high = paired_auc(*scores(120, seed))
        covered += low <= 0 <= high
    assert 365 <= covered <= 395


PAIRS = st.tuples(st.integers(0, 200), st.integers(0, 200))


@given(PAIRS)
def test_mcnemar_is_statsmodels_exact_and_uncorrected(pairs):
    table = [[0, pairs[0]], [pairs[1], 0]]
    assert mcnemar(*pairs, "exact") == pytest.approx(peer(table, exact=True).pvalue, rel=1e-9)
    if sum(pairs):
        expected = peer(table, exact=False, correction=False).pvalue
        assert mcnemar(*pairs, "chi-squared") == pytest.approx(expected, rel=1e-9)


@given(PAIRS)
def test_mid_p_takes_half_of_what_was_found_and_does_not_know_which_is_first(pairs):
    fewer, both = min(pairs), sum(pairs)
    if pairs[0] != pairs[1]:
        expected = 2 * binom.cdf(fewer - 1, both, 0.5) + binom.pmf(fewer, both, 0.5)
        assert mcnemar(*pairs) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(*pairs) == mcnemar(*pairs[::-1]) <= mcnemar(*pairs, "exact")


def test_models_that_are_alike_seldom_differ():
    """Fagerland's finding: exact far below 5%, mid-p near it, and hardly above."""
    rng = np.random.default_rng(0)
    found = {}
    for both in (10, 30, 100):
        first = rng.binomial(both, 0.5, 20_000)
        for method in ("exact", "mid-p"):
            found[both, method] = np.mean(mcnemar(first, both - first, method) <= 0.05)
    assert all(found[both, "exact"] <= found[both, "mid-p"] for both in (10, 30, 100))
    assert max(found.values()) <= 0.056
    assert found[100, "mid-p"] >= 0.035


def test_rows_that_tell_no_models_apart_tell_nothing():
    assert [float(mcnemar(0, 0, method)) for method in ("exact", "mid-p", "chi-squared")] == [1, 1, 1]
    assert mcnemar([5, 1], [5, 9]).shape == (2,)


def accuracy(target):
    return lambda scores, counts: float(np.average((scores >= 0.5) == target, weights=counts))


def test_the_paired_bootstrap_has_the_interval_of_paired_shares_and_areas():
    positive, first, second = scores(400)
    target = positive.astype(float)
    gap, low, high = paired_bootstrap(first, second, accuracy(target), seed=0)
    expected = paired_proportions((first >= 0.5) == target, (second >= 0.5) == target)
    assert gap == pytest.approx(expected[0])
    assert (low, high) == pytest.approx(expected[1:], abs=0.012)

    def area(values, counts):
        return delong(positive[counts > 0], values[counts > 0], counts[counts > 0])[0]

    gap, low, high = paired_bootstrap(first, second, area, seed=0, replicates=400)
    expected = paired_auc(positive, first, second)
    assert gap == pytest.approx(expected[0])
    assert (low, high) == pytest.approx(expected[1:], abs=0.015)


def test_the_paired_bootstrap_holds_no_difference_19_times_of_20():
    held = 0
    for seed in range(300):
        positive, first, second = scores(150, seed)
        squares = lambda values, counts, p=positive: float(np.average((values - p) ** 2, weights=counts))  # noqa: E731
        _, low, high = paired_bootstrap(first, second, squares, seed, replicates=200)
        held += low <= 0 <= high
    # Four standard errors around 95%, and what percentiles of 200 replicates are short by.
    assert 265 <= held <= 299


def test_the_same_seed_gives_the_same_interval_and_replicates_without_a_figure_are_left_out():
    def first_row_only(values, counts):
        return float(values[0]) if counts[0] else float("nan")

    found = [paired_bootstrap(np.ones(3), np.zeros(3), first_row_only, seed=1) for _ in range(2)]
    assert found[0] == found[1] == (1, 1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mcnemar(-1, 2), "first and second must be whole numbers >= 0"),
        (lambda: mcnemar(1.5, 2), "first and second must be whole numbers >= 0"),
        (lambda: mcnemar(1, 2, "corrected"), "method must be one of mid-p, exact, chi-squared"),
        (lambda: paired_bootstrap(np.ones(2), np.ones(3), accuracy(1), 0), "second must be of the length"),
        (lambda: paired_bootstrap(np.ones(0), np.ones(0), accuracy(1), 0), "second must be of the length"),
        (
            lambda: paired_bootstrap(np.ones(2), np.ones(2), accuracy(1), 0, 99),
            "replicates must be at least 100",
        ),
        (
            lambda: paired_bootstrap(np.ones(2), np.ones(2), accuracy(1), 0, 100, 1),
            "confidence must be strictly",
        ),
        (lambda: paired_mean([1.0], [2.0]), "first and second must be of one length >= 2"),
        (lambda: paired_mean([1.0, 2.0], [1.0, 2.0, 3.0]), "first and second must be of one length >= 2"),
        (lambda: paired_mean([1.0, np.nan], [1.0, 2.0]), "first and second must be finite, got .*nan"),
        (lambda: paired_mean([1.0, 2.0], [1.0, 2.0], 1.0), "confidence must be strictly"),
    ],
)
def test_bad_parameters_are_refused(call, message):
    with pytest.raises(InvalidParameter, match=message):
        call()


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=2, max_size=12))
def test_the_paired_mean_is_that_of_scipy(pairs):
    first, second = np.round(np.array(pairs).T, 3)
    found = paired_mean(first, second, 0.9)
    assert found[1] <= found[0] <= found[2]
    if np.ptp(first - second) > 1e-6:
        interval = ttest_rel(first, second).confidence_interval(0.9)
        assert found == pytest.approx((np.mean(first - second), interval.low, interval.high), abs=1e-7)
    assert paired_mean(second, first, 0.9) == pytest.approx((-found[0], -found[2], -found[1]), abs=1e-9)


def test_the_paired_mean_holds_the_true_difference_19_times_of_20():
    rng = np.random.default_rng(0)
    both = rng.normal(size=(2000, 5))
    found = [paired_mean(row + rng.normal(0.3, 1, 5), row) for row in both]
    held = sum(low <= 0.3 <= high for _, low, high in found)
    # Four standard errors around 95% of 2,000.
    assert 1861 <= held <= 1939

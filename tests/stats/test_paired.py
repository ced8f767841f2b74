import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import delong, newcombe, paired_auc, paired_proportions, wilson


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

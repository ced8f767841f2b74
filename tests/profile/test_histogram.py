from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.profile import Histogram, Numbers, kolmogorov_smirnov, radix

FINITE = st.floats(allow_nan=False, allow_infinity=False)
N = 60_000


def _of(values):
    return Numbers.of(np.asarray(values, np.float64)).histogram


def _distributions(seed, n=N):
    rng = np.random.default_rng(seed)
    return {
        "normal": rng.normal(size=n),
        "offset": rng.normal(1e6, 10, n),
        "seconds": 1.7e9 + rng.random(n) * 3e7,
        "lognormal": rng.lognormal(3, 2, n),
        "cauchy": rng.standard_cauchy(n),
        "mostly zero": np.where(rng.random(n) < 0.6, 0, rng.normal(size=n)),
        "counts": rng.poisson(3, n).astype(float),
        "all exponents": rng.choice([-1, 1], n) * 10 ** rng.uniform(-300, 300, n),
    }


NAMES = list(_distributions(0, 1))


@given(st.lists(FINITE, max_size=50))
def test_keys_sort_as_the_numbers_do_and_lead_back_to_them(values):
    numbers = np.array(sorted(values), np.float64)
    keys = radix.keys_of(numbers)
    assert np.all(keys[1:] >= keys[:-1])
    assert np.array_equal(radix.values_of(keys), numbers)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 12)), min_size=1, max_size=4),
    st.integers(0, 99),
    st.randoms(),
)
def test_histograms_add_exactly_whatever_the_parts_and_their_order(sizes, seed, random):
    rng = np.random.default_rng(seed)
    parts = [10.0**power * rng.normal(size=n).round(random.choice([1, 15])) for n, power in sizes]
    whole = _of(np.concatenate(parts))
    found = [_of(part) for part in parts]
    random.shuffle(found)
    assert reduce(Histogram.__add__, found) == whole
    assert reduce(lambda a, b: b + a, found) == whole
    assert whole.rows == sum(map(len, parts))


@pytest.mark.parametrize("name", NAMES)
def test_the_shift_is_the_least_that_leaves_4096_buckets(name):
    values = _distributions(1)[name]
    found = _of(values)
    different = lambda shift: len(np.unique(radix.keys_of(values[values != 0]) >> shift))  # noqa: E731
    assert len(found.keys) == different(found.shift) <= radix.MOST_BUCKETS
    assert found.exact or different(found.shift - 1) > radix.MOST_BUCKETS


@pytest.mark.parametrize("name", NAMES)
def test_batches_of_any_size_give_the_same_histogram(name):
    values = _distributions(2)[name]
    whole = _of(values)
    for size in (1_000, 8_192, 33_333):
        parts = [_of(values[start : start + size]) for start in range(0, N, size)]
        assert reduce(Histogram.__add__, parts) == whole


@pytest.mark.parametrize("name", NAMES)
def test_counts_of_buckets_are_those_of_numpy(name):
    values = _distributions(3)[name]
    first, last, counts = _of(values).buckets()
    low, high = radix.values_of(first), radix.values_of(last)
    ordered = np.sort(values)
    assert np.array_equal(
        counts, np.searchsorted(ordered, high, "right") - np.searchsorted(ordered, low, "left")
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_quantile_lies_within_its_bounds_and_near(name):
    values = _distributions(4)[name]
    found = _of(values)
    for q in (0, 1e-4, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 1e-4, 1):
        true = np.quantile(values, q, method="inverted_cdf")
        value, low, high = found.quantile(q)
        assert low <= true <= high and low <= value <= high
        assert not found.exact or low == true == high
        assert q not in (0, 1) or low == true == high


@settings(deadline=None)
@given(st.lists(FINITE, min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_of_few_numbers_is_exact(values, q):
    true = np.quantile(np.array(values), q, method="inverted_cdf")
    assert _of(values).quantile(q) == (true, true, true)


def test_a_quantile_of_a_hundred_thousand_normal_numbers_is_known_to_a_thousandth():
    values = np.random.default_rng(0).normal(size=100_000)
    for q in (0.05, 0.5, 0.95):
        value, low, high = _of(values).quantile(q)
        assert high - low < 0.02 and abs(value - np.quantile(values, q)) < 1e-3 + (high - low) / 4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [2, 4, 10])
def test_bands_hold_about_equal_shares(name, k):
    values = _distributions(5)[name]
    found = _of(values)
    edges = found.edges(k)
    assert len(edges) < k and np.all(np.diff(edges) > 0)
    shares = np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1) / N
    commonest = found.buckets()[2].max() / N
    assert shares.min() > 0
    assert shares.max() <= 1 / k + commonest
    assert commonest > 1 / k or len(edges) == k - 1


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.integers(1, 8))
def test_no_band_of_few_numbers_is_empty_and_no_cut_leaves_all_on_one_side(values, k):
    edges = _of(values).edges(k)
    rows = np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1)
    assert rows.min() > 0 and len(edges) <= k - 1
    assert k == 1 or len(set(values)) == 1 or edges


def test_edges_of_uniform_whole_numbers_are_known():
    assert _of(np.arange(100)).edges(4) == (25.0, 50.0, 75.0)
    assert _of([0] * 60 + [1] * 20 + [2] * 20).edges(4) == (1.0, 2.0)
    assert _of([3.0] * 9).edges(4) == () == _of([]).edges(4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change", [lambda v: v, lambda v: v * 1.01, lambda v: v + np.subtract(*np.quantile(v, [0.7, 0.3])) / 10]
)
def test_the_bounds_of_a_distance_hold_scipys(name, change):
    a, b = _distributions(6)[name], change(_distributions(7)[name][: N // 2])
    low, high = kolmogorov_smirnov(_of(a), _of(b))
    true = ks_2samp(a, b, method="asymp").statistic
    assert low - 1e-12 <= true <= high + 1e-12
    assert name == "all exponents" or high - low < 0.02
    assert kolmogorov_smirnov(_of(b), _of(a)) == pytest.approx((low, high), abs=1e-12)


@settings(deadline=None)
@given(*[st.lists(st.integers(-9, 9) | FINITE, min_size=1, max_size=60)] * 2)
def test_the_distance_of_few_numbers_is_scipys(a, b):
    low, high = kolmogorov_smirnov(_of(a), _of(b))
    a, b = np.array(a, np.float64), np.array(b, np.float64)
    assert low == high == pytest.approx(ks_2samp(a, b, method="asymp").statistic, abs=1e-12)


def test_a_tenth_of_a_standard_deviation_far_from_zero_is_seen():
    rng = np.random.default_rng(0)
    first, same, moved = (rng.normal(1e6 + shift, 10, N) for shift in (0, 0, 1))
    assert kolmogorov_smirnov(_of(first), _of(same))[1] < 0.015
    assert kolmogorov_smirnov(_of(first), _of(moved))[0] > 0.03


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: _of([1]).quantile(1.1), InvalidParameter, "q must be from 0 to 1, got 1.1"),
        (lambda: _of([1]).quantile(np.nan), InvalidParameter, "q must be from 0 to 1"),
        (lambda: _of([np.nan, np.inf]).quantile(0.5), DataError, "a quantile of no numbers"),
        (lambda: _of([1]).edges(0), InvalidParameter, "k must be >= 1, got 0"),
        (lambda: kolmogorov_smirnov(_of([1]), _of([])), DataError, "numbers on both sides"),
        (lambda: Histogram(53, *[np.ones(1, np.int64)] * 2, 0, 1.0, 1.0), DataError, "shift from 0 to 52"),
        (lambda: Histogram(0, *[np.ones(2, np.int64)] * 2, 0, 1.0, 1.0), DataError, "must ascend"),
        (lambda: Histogram(0, *[np.arange(5_000)] * 2, 0, 1.0, 1.0), DataError, "at most 4096"),
        (lambda: Histogram(0, *[np.arange(2)] * 2, 0, 1.0, 1.0), DataError, "whole numbers > 0"),
    ],
)
def test_what_is_no_histogram_or_has_no_figure_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_counts_are_whole():
    with pytest.raises(DataError, match="counts of a histogram must be whole numbers > 0"):
        Histogram(0, np.array([1, 2]), np.array([1.5, 1.0]), 0, 1.0, 2.0)

"""How often do 95% intervals hold the truth? 10,000 draws each, 10 rows among them."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from mlflow_prod.stats import (
    auc_interval,
    clopper_pearson,
    delong_of_bins,
    newcombe,
    poisson_bootstrap,
    wilson,
)

DRAWS = 10_000


@pytest.mark.parametrize("n", [10, 40, 1_000])
def test_wilson_holds_95_of_100_rates_that_may_be_anything(n):
    """At one rate it cannot: 10 rows have 11 results and intervals, which hold 83% to 99% of the time."""
    rng = np.random.default_rng(n)
    rates = rng.random(DRAWS)
    low, high = wilson(rng.binomial(n, rates), n)
    assert 0.94 <= np.mean((low <= rates) & (rates <= high)) <= 0.96


def test_wilson_at_ten_rows_and_one_rate_holds_what_its_eleven_intervals_allow():
    rates, hits = np.linspace(0.02, 0.98, 481), np.arange(11)
    low, high = wilson(hits, 10)
    held = [binom.pmf(hits, 10, p)[(low <= p) & (p <= high)].sum() for p in rates]
    assert min(held) >= 0.83 and max(held) <= 1


@pytest.mark.parametrize("n", [10, 1_000])
@pytest.mark.parametrize("rate", [0.03, 0.3, 0.5])
def test_clopper_pearson_holds_at_least_95_of_100_at_every_rate(n, rate):
    rng = np.random.default_rng(n)
    low, high = clopper_pearson(rng.binomial(n, rate, DRAWS), n)
    # Four standard errors of the draws.
    assert np.mean((low <= rate) & (rate <= high)) >= 0.95 - 0.0088


@pytest.mark.parametrize(("n", "m"), [(10, 10), (10, 200), (300, 500)])
def test_newcombe_holds_95_of_100_differences_of_rates_that_may_be_anything(n, m):
    rng = np.random.default_rng(n + m)
    p, q = rng.random((2, DRAWS))
    one, two = (
        (hits / of, *wilson(hits, of)) for hits, of in ((rng.binomial(n, p), n), (rng.binomial(m, q), m))
    )
    low, high = newcombe(one, two)
    assert 0.94 <= np.mean((low <= p - q) & (p - q <= high)) <= 0.96


def held_areas(positives, negatives, shift):
    rng = np.random.default_rng(positives)
    truth = norm.cdf(shift / np.sqrt(2))
    edges = np.linspace(-6, 8, 511)

    def counted(centre, n):
        places = np.searchsorted(edges, rng.normal(centre, 1, (DRAWS, n))) + 512 * np.arange(DRAWS)[:, None]
        return np.bincount(places.ravel(), minlength=512 * DRAWS).reshape(DRAWS, 512)

    area, variance, _ = delong_of_bins(counted(shift, positives), counted(0, negatives))
    low, high = auc_interval(area, variance, positives, negatives)
    return np.mean((low <= truth) & (truth <= high))


@pytest.mark.parametrize(("positives", "negatives", "shift"), [(40, 60, 0.5), (40, 60, 2), (200, 300, 2)])
def test_delong_of_bins_holds_95_of_100_areas(positives, negatives, shift):
    assert 0.94 <= held_areas(positives, negatives, shift) <= 0.96


def test_delong_of_bins_at_ten_rows_of_a_class_holds_what_is_said_of_it():
    for negatives, shift in ((10, 1), (10, 2), (200, 1), (200, 2)):
        assert 0.91 <= held_areas(10, negatives, shift) <= 0.99


@pytest.mark.parametrize("n", [200, 2_000])
def test_the_poisson_bootstrap_holds_95_of_100_shares_of_some_hundred_rows(n):
    rng = np.random.default_rng(n)
    hits = rng.binomial(n, 0.3, DRAWS)
    counts = np.stack([hits, n - hits], axis=-1)
    held = []
    for part in np.array_split(counts, 20):
        low, high = poisson_bootstrap(part, lambda c: c[..., 0] / c.sum(axis=-1), seed=len(held))
        held.append(np.mean((low <= 0.3) & (high >= 0.3)))
    assert 0.94 <= np.mean(held) <= 0.96

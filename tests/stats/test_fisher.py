from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import fisher

COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_the_p_value_of_each_side_is_scipys(first, second):
    table = [[hits, n - hits] for hits, n in (first, second)]
    for side, theirs in (("more", "greater"), ("less", "less")):
        expected = fisher_exact(table, alternative=theirs).pvalue
        assert fisher(first, second, side) == pytest.approx(expected, rel=1e-9, abs=1e-300)
    both = 2 * min(fisher(first, second, "more"), fisher(first, second, "less"))
    assert fisher(first, second) == min(1, both)
    assert fisher(second, first) == pytest.approx(min(1, both), rel=1e-9)


@pytest.mark.parametrize("counts", [(60, 200, 2_900, 19_800), (300, 500, 2_000, 20_000), (5, 5, 0, 1_000)])
def test_far_out_it_is_exact(counts):
    hits, n, others, m = counts
    ways = sum(
        comb(hits + others, k) * comb(n + m - hits - others, n - k)
        for k in range(hits, min(n, hits + others) + 1)
    )
    exact = float(Fraction(ways, comb(n + m, n)))
    assert fisher((hits, n), (others, m), "more") == pytest.approx(exact, rel=1e-9)


def test_it_takes_arrays_and_knows_nothing_without_rows():
    found = fisher((np.array([0, 3]), np.array([0, 3])), (3, 10), "more")
    assert found[0] == 1 and found[1] == pytest.approx(fisher((3, 3), (3, 10), "more"))


def test_equal_shares_seldom_differ_however_rare_hits_are():
    rng = np.random.default_rng(0)
    for rate in (0.01, 0.3):
        p = fisher((rng.binomial(40, rate, 20_000), 40), (rng.binomial(5_000, rate, 20_000), 5_000))
        for level in (0.05, 0.001):
            assert np.mean(p <= level) <= level + 4 * np.sqrt(level / 20_000)


@pytest.mark.parametrize(
    ("first", "side", "name"),
    [
        ((3, 2), "more", "first"),
        ((-1, 2), "more", "first"),
        ((0.5, 2), "less", "first"),
        ((1, 2), "up", "side"),
    ],
)
def test_bad_parameters_are_refused(first, side, name):
    with pytest.raises(InvalidParameter, match=f"{name} must be"):
        fisher(first, (1, 2), side)
    if side != "up":
        with pytest.raises(InvalidParameter, match="second must be"):
            fisher((1, 2), first, side)

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, mannwhitneyu, ttest_ind, ttest_ind_from_stats

from mlflow_prod.data import Task
from mlflow_prod.evaluate import count
from mlflow_prod.evaluate.figures import Figure, Whole, average, share
from mlflow_prod.evaluate.search.rest import of_areas, of_means, of_shares, rest
from mlflow_prod.stats import auc_interval, delong

RATES = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def of_hits(hits, n):
    hits, n = np.atleast_1d(hits).astype(float), np.atleast_1d(n).astype(float)
    return share(hits, n, n, n)


def of_values(*samples):
    sums = np.array([[len(v), v.sum(), v.sum(), np.square(v).sum()] for v in samples]).T
    return average(Whole(sums[0], sums[0], sums[0], sums[0]), *sums[1:])


def of_scores(positive, scores):
    area, variance = delong(positive, scores)
    n = np.array([float(len(scores))])
    ends = auc_interval([area], [variance], positive.sum(), (~positive).sum())
    return Figure(np.array([area]), *ends, n, n)


@pytest.mark.parametrize("weight", ["", "weight"])
def test_the_rest_has_the_counts_of_all_rows_but_the_slices(weight):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "town": rng.choice(list("abc"), 900),
            "y": rng.integers(0, 2, 900),
            "p": rng.random(900),
            "weight": rng.uniform(0.1, 2, 900),
        }
    )
    task = Task("binary", "y", ("0", "1"))
    whole = count(table, task, "p", ["town"], weight=weight).slices
    found = rest(whole, whole)
    assert not any(part[0].any() for part in (found.rows, found.mass, found.squares, found.sums))
    for at, town in enumerate("abc", 1):
        other = count(table[table["town"] != town], task, "p", weight=weight).slices
        assert np.array_equal(found.rows[at], other.rows[0])
        for part in ("mass", "squares", "sums"):
            assert np.allclose(getattr(found, part)[at], getattr(other, part)[0], rtol=1e-9, atol=1e-12)


@given(RATES, RATES)
def test_shares_are_tested_as_scipy_tests_them(first, second):
    table = [[hits, n - hits] for hits, n in (first, second)]
    found = of_shares(of_hits(*first), of_hits(*second), "more")
    assert found == pytest.approx(fisher_exact(table, alternative="greater").pvalue, rel=1e-9, abs=1e-300)


def test_what_has_no_rows_has_no_test():
    assert np.isnan(of_shares(of_hits(0, 0), of_hits(1, 2))).all()
    one = np.array([3.0])
    assert np.isnan(of_means(of_values(one), of_values(np.arange(9.0)), 1.0)).all()


@given(st.integers(0, 1_000))
@settings(deadline=None)
def test_means_of_many_rows_are_tested_as_welch_does_and_never_less_cautiously(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0.1, 1, 300), rng.normal(0, 1, 9_000)
    spread = float(np.concatenate([first, second]).std(ddof=1))
    for side, theirs in (("more", "greater"), ("less", "less"), ("differs", "two-sided")):
        found = float(of_means(of_values(first), of_values(second), spread, side)[0])
        expected = ttest_ind(first, second, equal_var=False, alternative=theirs).pvalue
        tail = min(found, 1 - found)
        assert found == pytest.approx(expected, abs=0.1) and tail >= 0.5 * min(expected, 1 - expected)


def test_few_rows_that_happen_to_be_alike_are_no_alarm():
    rng = np.random.default_rng(0)
    losses = rng.lognormal(0, 2, (4_000, 12))
    others = rng.lognormal(0, 2, 20_000)
    p = of_means(of_values(*losses), of_values(others), float(others.std()))
    assert np.mean(p <= 0.001) <= 0.001 and np.mean(p <= 0.05) <= 0.05
    own = losses.mean(axis=1), losses.std(axis=1, ddof=1), 12, others.mean(), others.std(ddof=1), len(others)
    assert np.mean(ttest_ind_from_stats(*own, equal_var=False).pvalue <= 0.001) > 0.01


def test_equal_values_everywhere_do_not_differ():
    same = of_values(np.ones(10), np.ones(10))
    assert of_means(same, same, 0.0).tolist() == [1, 1]


def test_equal_areas_seldom_differ_and_others_do():
    rng, found = np.random.default_rng(0), {0.0: [], 1.5: []}
    for shift in found:
        for _ in range(600):
            (one, few), (other, many) = (
                (label, label * 1.5 + rng.normal(size=len(label)))
                for label in (np.arange(n) % 5 == 0 for n in (100, 2_000))
            )
            few = few - one * shift
            counts = (np.array([20.0]), np.array([80.0]))
            found[shift].append(float(of_areas(of_scores(one, few), of_scores(other, many), counts)[0]))
    assert np.mean(np.array(found[0.0]) <= 0.05) <= 0.06
    assert np.mean(np.array(found[1.5]) <= 0.01) > 0.9


def test_a_small_slice_whose_classes_happen_to_be_separated_is_no_alarm():
    rng = np.random.default_rng(0)
    label = np.arange(2_000) % 2 == 0
    many = of_scores(label, label * 1.5 + rng.normal(size=2_000))
    few = np.array([True, True, True, False, False, False])
    one = of_scores(few, few * 9.0 + np.arange(6))
    counts = (np.array([3.0]), np.array([3.0]))
    exact = mannwhitneyu(np.arange(3) + 9, np.arange(3), alternative="two-sided").pvalue
    assert one.value[0] == 1 and of_areas(one, many, counts)[0] > exact

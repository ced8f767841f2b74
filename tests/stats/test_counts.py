import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import chi_squared

CELLS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=12)


@given(CELLS)
def test_the_p_value_is_scipys_where_no_cells_are_joined(cells):
    table = np.array(cells).T
    table = table[:, table.sum(axis=0) > 0]
    assume(table.shape[1] > 1 and np.all(table.sum(axis=1) > 0))
    expected = chi2_contingency(table, correction=False).pvalue
    assert chi_squared(*table, least=0) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(CELLS)
def test_the_order_of_the_samples_does_not_matter(cells):
    first, second = np.array(cells).T
    assume(first.sum() and second.sum())
    assert chi_squared(first, second) == pytest.approx(chi_squared(second, first))


def test_a_small_sample_is_tested_on_a_coarser_grid():
    many, few = np.full(20, 1_000), np.r_[np.zeros(15, int), np.full(5, 6)]
    assert chi_squared(many, few) < 1e-4
    assert chi_squared(many, np.full(20, 2)) > 0.9


def test_one_distribution_is_seldom_taken_for_two():
    rng = np.random.default_rng(0)
    found = sum(
        chi_squared(rng.multinomial(5_000, [0.05] * 20), rng.multinomial(60, [0.05] * 20)) < 0.05
        for _ in range(500)
    )
    assert found <= 40


def test_too_few_counts_to_compare_are_no_difference():
    assert chi_squared([1, 1], [1, 1]) == 1.0


@pytest.mark.parametrize("sample", [[0, 0], [-1, 3]])
def test_a_sample_without_counts_is_refused(sample):
    with pytest.raises(InvalidParameter, match="counts must be"):
        chi_squared(sample, [1, 2])

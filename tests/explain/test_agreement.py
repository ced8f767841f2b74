import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics.pairwise import cosine_similarity

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.explain import Attribution, agreement

NAMES = ("a", "b", "c", "d")


def attribution(values):
    values = np.asarray(values, float)
    n, classes = len(values), values.shape[2:]
    rows = np.arange(n * len(NAMES), dtype=float).reshape(n, -1)
    return Attribution(values, np.zeros(classes), np.zeros((n, *classes)), rows, NAMES)


def figures(one, other, **options):
    return {measure.name: measure for measure in agreement(one, other, **options)}


VALUES = arrays(float, (6, 4), elements=st.floats(-1e3, 1e3))


@given(VALUES)
def test_a_model_agrees_with_itself(values):
    for measure in figures(attribution(values), attribution(values)).values():
        assert measure.value == pytest.approx(1) and measure.high <= 1 and measure.n == 6


@given(VALUES, VALUES)
def test_both_ways_it_is_the_same_within_its_range(one, other):
    there, back = (figures(*map(attribution, pair)) for pair in ((one, other), (other, one)))
    for name, least in (("attribution_agreement", -1), ("attribution_rank_agreement", 0)):
        assert there[name].value == pytest.approx(back[name].value)
        assert least <= there[name].low <= there[name].high <= 1


def test_the_cosine_is_scikit_learns():
    draw = np.random.default_rng(0)
    one, other = draw.normal(size=(2, 30, 4, 3))
    expected = np.diag(cosine_similarity(one.reshape(30, -1), other.reshape(30, -1))).mean()
    found = figures(attribution(one), attribution(other))["attribution_agreement"]
    assert found.value == pytest.approx(expected) and found.low < expected < found.high


def test_opposite_reasons_are_minus_one_and_scale_does_not_count():
    one = np.random.default_rng(1).normal(size=(5, 4))
    assert figures(attribution(one), attribution(-3 * one))["attribution_agreement"].value == pytest.approx(
        -1
    )
    assert figures(attribution(one), attribution(7 * one))["attribution_agreement"].value == pytest.approx(1)


def test_rows_that_nothing_moves_agree_with_each_other_alone():
    one, other = np.zeros((2, 4)), np.array([[0.0, 0, 0, 0], [1, 0, 0, 0]])
    assert figures(attribution(one), attribution(other))["attribution_agreement"].value == 0.5


def test_ranks_count_where_the_same_column_holds_them_in_both():
    one, other = attribution([[4.0, 3, 2, 1]]), attribution([[4.0, 2, -3, 0]])
    for top, share in ((3, 1 / 3), (9, 1 / 2)):
        found = figures(one, other, top=top)["attribution_rank_agreement"]
        assert found.value == pytest.approx(share)


def test_of_one_row_no_interval_is_known():
    found = figures(attribution([[1.0, 2, 3, 4]]), attribution([[1.0, 2, 3, 4]]))
    assert all(measure.low is None and measure.high is None for measure in found.values())


@pytest.mark.parametrize(
    "changed", [{"names": ("a", "b", "c", "e")}, {"rows": np.ones((6, 4))}, {"values": np.ones((6, 4, 2))}]
)
def test_explanations_of_something_else_are_refused(changed):
    one = attribution(np.ones((6, 4)))
    with pytest.raises(DataError, match="must be of the same rows and columns"):
        agreement(one, dataclasses.replace(one, **changed))


def test_top_needs_a_column():
    with pytest.raises(InvalidParameter, match="top must be >= 1"):
        agreement(attribution(np.ones((2, 4))), attribution(np.ones((2, 4))), top=0)

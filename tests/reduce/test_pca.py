import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.reduce import pca


@pytest.fixture(scope="module")
def encoded():
    return StandardScaler().fit_transform(load_breast_cancer().data).astype(np.float32)


@pytest.mark.parametrize("components", [1, 5, 30, 0.5, 0.95])
def test_rows_are_reduced_as_by_scikit_learn(encoded, components):
    train, fresh = encoded[:400], encoded[400:]
    learnt = PCA(components, random_state=0).fit(train.astype(np.float64))
    reduction = pca(train, components)
    np.testing.assert_allclose(
        reduction.transform(fresh), learnt.transform(fresh.astype(np.float64)), atol=1e-5
    )
    back = learnt.inverse_transform(learnt.transform(fresh.astype(np.float64)))
    error = float(np.sqrt(np.mean((fresh - back) ** 2)))
    assert reduction.reconstruction_error(fresh) == pytest.approx(error, rel=1e-6, abs=1e-12)
    assert reduction.share == pytest.approx(learnt.explained_variance_ratio_.sum(), rel=1e-12)


def test_a_share_keeps_the_fewest_components_that_reach_it(encoded):
    reduction = pca(encoded, 0.9)
    shares = np.cumsum(reduction.explained_variance_ratio)
    assert shares[-1] >= 0.9 > shares[-2]


def test_a_whole_float_is_a_number_of_components(encoded):
    np.testing.assert_array_equal(pca(encoded, 5.0).components, pca(encoded, 5).components)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 12), st.integers(1, 6))
def test_components_have_length_one_and_stand_at_right_angles(seed, rows, columns):
    matrix = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    most = min(rows, columns)
    reduction = pca(matrix, most)
    np.testing.assert_allclose(reduction.components @ reduction.components.T, np.eye(most), atol=1e-8)
    assert np.all(np.diff(reduction.explained_variance_ratio) <= 1e-12)
    assert reduction.transform(matrix).dtype == np.float32


@pytest.mark.parametrize("components", [0, -1, 31, 1.5, 0.0, float("nan"), float("inf")])
def test_a_bad_number_of_components_names_the_rule(encoded, components):
    with pytest.raises(
        InvalidParameter, match="components must be a whole number from 1 to 30, or a share below 1"
    ):
        pca(encoded, components)


def test_rows_that_cannot_be_reduced_are_refused(encoded):
    hole = encoded.copy()
    hole[0, 0] = np.inf
    for rows, message in [
        (np.zeros((4, 8, 8, 1), np.float32), "images are not reduced"),
        (encoded[:1], "at least 2 rows"),
        (hole, "missing or infinite"),
        (np.ones((5, 3), np.float32), "all equal"),
    ]:
        with pytest.raises(DataError, match=message):
            pca(rows, 1)
    with pytest.raises(InvalidParameter, match="seed"):
        pca(encoded, 1, seed=-1)

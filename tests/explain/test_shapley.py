from itertools import permutations

import numpy as np
import pytest

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.explain import explain, shapley

NAMES = ("a", "b", "c", "d")


def _data(n=12, background=7, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, columns)), rng.normal(size=(background, columns))


def _pairs(matrix):
    return matrix[:, 0] * matrix[:, 1] - 2 * matrix[:, 2] + matrix[:, 2] * matrix[:, 3]


def _deep(matrix):
    return np.tanh(matrix.prod(axis=1)) + matrix[:, 0] * matrix[:, 1] * matrix[:, 2]


def _classes(matrix):
    raw = np.exp(matrix[:, :3] + matrix[:, 3:4] * matrix[:, 1:])
    return raw / raw.sum(axis=1, keepdims=True)


def _exact(score, rows, background):
    """Shapley values from all orders of the columns."""
    values = np.zeros(rows.shape)
    orders = list(permutations(range(rows.shape[1])))
    for row, value in zip(rows, values, strict=True):
        for order in orders:
            mixed, before = background.copy(), score(background).mean()
            for column in order:
                mixed[:, column] = row[column]
                after = score(mixed).mean()
                value[column] += (after - before) / len(orders)
                before = after
    return values


def test_values_are_exact_where_two_columns_interact():
    rows, background = _data()
    found = explain(_pairs, rows, background, NAMES, permutations=1)
    assert np.allclose(found.values, _exact(_pairs, rows, background), atol=1e-12)


def test_values_come_near_where_many_columns_interact_and_nearer_with_more_orders():
    rows, background = _data()
    exact = _exact(_deep, rows, background)

    def error(orders):
        found = explain(_deep, rows, background, NAMES, permutations=orders).values
        return np.abs(found - exact).mean()

    assert error(200) < error(2) / 3


def test_values_are_shaps_permutation_explainers():
    import shap

    rows, background = _data(n=3)
    masker = shap.maskers.Independent(background)
    peer = shap.explainers.Permutation(_pairs, masker, seed=0)(rows, max_evals=9, silent=True)
    found = explain(_pairs, rows, background, NAMES)
    assert np.allclose(found.values, peer.values, atol=1e-9)
    assert np.allclose(found.base, peer.base_values)


@pytest.mark.parametrize("score", [_pairs, _deep, _classes])
def test_base_and_values_add_up_to_the_score(score):
    rows, background = _data()
    found = explain(score, rows, background, NAMES)
    assert np.allclose(found.values.sum(axis=1) + found.base, score(rows), atol=1e-12)
    assert found.additivity_error < 1e-12
    assert found.values.shape == (12, 4, *score(rows).shape[1:])


def test_the_size_of_batches_changes_nothing(monkeypatch):
    rows, background = _data()
    whole = explain(_classes, rows, background, NAMES)
    monkeypatch.setattr(shapley, "BATCH_ROWS", 40)
    assert np.array_equal(explain(_classes, rows, background, NAMES).values, whole.values)


def test_many_rows_share_a_call():
    calls = []

    def score(matrix):
        calls.append(len(matrix))
        return _deep(matrix)

    explain(score, *_data(n=50, background=20), NAMES)
    assert len(calls) <= 4 and sum(calls) == 50 + 20 + 50 * 4 * 6 * 20


def test_the_seed_decides_and_numpys_global_state_is_left_alone():
    rows, background = _data()
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (explain(_deep, rows, background, NAMES, seed=seed).values for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_one_column_has_all_of_the_difference():
    rows, background = _data(columns=1)
    found = explain(lambda m: m[:, 0] ** 2, rows, background, ("a",))
    assert np.allclose(found.values[:, 0], rows[:, 0] ** 2 - (background[:, 0] ** 2).mean())


@pytest.mark.parametrize("shape", [(8, 8, 1), (20, 11, 3), (3, 2, 1)])
def test_an_image_is_explained_by_tiles(shape):
    rng = np.random.default_rng(0)
    images, background = (rng.random((n, *shape)).astype(np.float32) for n in (5, 6))
    corner = images[:, : max(1, shape[0] // 8), 0]

    def score(pixels):
        assert pixels.shape[1:] == shape and pixels.dtype == np.float32
        return pixels[:, : max(1, shape[0] // 8), 0].mean(axis=(1, 2)).astype(np.float64)

    found = explain(score, images, background, ())
    assert found.tiles == (min(8, shape[0]), min(8, shape[1]))
    assert next(iter(found.importance())) == "row 0 column 0"
    hidden = background.mean(axis=0)[: max(1, shape[0] // 8), 0].mean()
    assert np.allclose(found.values.sum(axis=1), corner.mean(axis=(1, 2)) - hidden, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"rows": np.ones((3, 5))}, DataError, "one shape"),
        ({"rows": np.ones((0, 4))}, DataError, "at least one row each"),
        ({"background": np.ones((0, 4))}, DataError, "at least one row each"),
        ({"rows": np.ones(4), "background": np.ones(4)}, DataError, "must be tables"),
        ({"names": ("a",)}, DataError, "each of the 4 columns, got 1"),
        ({"score": lambda m: m[:, 0] * np.nan}, DataError, "scores must be finite"),
        ({"score": lambda m: m[:1, 0]}, DataError, "one for each of 3 rows"),
        ({"permutations": 0}, InvalidParameter, "permutations must be >= 1, got 0"),
    ],
)
def test_what_cannot_be_explained_is_refused(change, error, message):
    good = {"score": _pairs, "rows": np.ones((3, 4)), "background": np.zeros((2, 4)), "names": NAMES}
    with pytest.raises(error, match=message):
        explain(**(good | change))

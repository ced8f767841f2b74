import numpy as np
import pytest

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import poisson_bootstrap, wilson


def share(counts):
    return counts[..., 0] / counts.sum(axis=-1)


def test_a_share_has_the_interval_of_its_standard_error():
    counts = np.array([[300, 700], [4_000, 6_000]])
    low, high = poisson_bootstrap(counts, share, seed=1, replicates=4_000)
    expected = wilson(counts[:, 0], counts.sum(axis=1))
    assert low == pytest.approx(expected[0], abs=0.003) and high == pytest.approx(expected[1], abs=0.003)


def test_it_covers_the_truth_as_often_as_it_says():
    rng, covered = np.random.default_rng(0), 0
    for seed in range(400):
        hits = rng.binomial(200, 0.3)
        low, high = poisson_bootstrap(np.array([hits, 200 - hits]), share, seed)
        covered += low <= 0.3 <= high
    assert 367 <= covered <= 392


def test_the_same_seed_gives_the_same_interval_and_empty_replicates_are_left_out():
    counts = np.array([1, 1])
    with np.errstate(invalid="ignore"):
        first, again, other = (poisson_bootstrap(counts, share, seed) for seed in (3, 3, 4))
    assert first == again and not np.isnan(first).any()
    assert first is not other


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence": 1.0}, "confidence must be strictly between 0 and 1"),
        ({"replicates": 10}, "replicates must be at least 100"),
        ({"counts": np.array([-1, 2])}, "counts must be >= 0"),
    ],
)
def test_bad_parameters_are_refused(change, message):
    with pytest.raises(InvalidParameter, match=message):
        poisson_bootstrap(**({"counts": np.array([1, 2]), "statistic": share, "seed": 0} | change))

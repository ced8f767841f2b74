import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.compress import compression, latency
from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import wilson

BINARY = Task("binary", "y", ("no", "yes"))
MANY = Task("multiclass", "y", ("a", "b", "c"))
NUMBER = Task("regression", "y")
SIZES = {"original_bytes": 3000, "compressed_bytes": 1000}


def named(measures):
    return {measure.name: measure for measure in measures}


def test_agreement_counts_equal_classes_with_wilsons_interval():
    found = named(
        compression(BINARY, np.array([0.1, 0.6, 0.7, 0.4]), np.array([0.2, 0.4, 0.8, 0.4]), **SIZES)
    )
    low, high = wilson(3, 4)
    assert (found["agreement"].value, found["agreement"].n) == (0.75, 4)
    assert (found["agreement"].low, found["agreement"].high) == (float(low), float(high))
    assert found["probability_gap"].value == pytest.approx(0.1)
    assert (found["bytes"].value, found["bytes"].unit) == (1000, "bytes")
    assert found["compression_ratio"].value == 3


def test_classes_agree_by_their_most_probable():
    one = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    other = np.array([[0.3, 0.4, 0.3], [0.0, 0.3, 0.7]])
    found = named(compression(MANY, one, other, **SIZES))
    assert found["agreement"].value == 0.5
    assert found["probability_gap"].value == pytest.approx(np.abs(one - other).mean())


def test_numbers_agree_within_a_tolerance_of_their_spread():
    original = np.array([0.0, 10.0, 20.0, 30.0])
    spread = original.std()
    compressed = original + np.array([0.0, 0.09, -0.09, 0.2]) * spread
    found = named(compression(NUMBER, original, compressed, **SIZES, against="f" * 64))
    assert found["agreement"].value == 0.75
    assert found["score_gap"].value == pytest.approx(0.095 * spread)
    assert found["agreement"].against == "f" * 64
    assert found["bytes"].against == ""


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_a_model_agrees_with_itself(scores):
    found = named(compression(BINARY, np.array(scores), np.array(scores), **SIZES))
    assert found["agreement"].value == found["agreement"].high == 1
    assert found["probability_gap"].value == 0


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"original_bytes": 0}, "original_bytes"),
        ({"compressed_bytes": -1}, "compressed_bytes"),
        ({"tolerance": float("nan")}, "tolerance"),
    ],
)
def test_a_bad_parameter_names_itself(changed, name):
    with pytest.raises(InvalidParameter, match=f"{name} must be > 0"):
        compression(NUMBER, np.zeros(2), np.zeros(2), **(SIZES | changed))


def test_scores_of_other_rows_are_refused():
    with pytest.raises(InvalidParameter, match="compressed must be scores of shape"):
        compression(NUMBER, np.zeros(3), np.zeros(2), **SIZES)


def test_latency_takes_rows_in_turn_after_a_warm_up_and_orders_its_percentiles():
    seen = []
    measures = named(
        latency(lambda batch: seen.append(batch.copy()), np.arange(6.0).reshape(3, 2), calls=100, warm_up=3)
    )
    assert len(seen) == 103
    assert all(batch.shape == (1, 2) for batch in seen)
    assert [batch[0, 0] for batch in seen[3:7]] == [0, 2, 4, 0]
    assert 0 <= measures["p50"].value <= measures["p95"].value
    for measure in measures.values():
        assert measure.low <= measure.value <= measure.high
        assert (measure.unit, measure.n) == ("ms", 100)


def test_latency_needs_calls_and_rows():
    with pytest.raises(InvalidParameter, match="calls must be >= 100"):
        latency(len, np.zeros((1, 2)), calls=10)
    with pytest.raises(InvalidParameter, match="rows must be at least one"):
        latency(len, np.zeros((0, 2)))

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.compress import against, compression, convert, operators, sizes
from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import evaluation, versus
from mlflow_prod.stats import wilson
from mlflow_prod.tflite import Contents, contents

BINARY = Task("binary", "y", ("no", "yes"))
MANY = Task("multiclass", "y", ("a", "b", "c"))
NUMBER = Task("regression", "y")


def named(measures):
    return {measure.name: measure for measure in measures}


def some(task, n=400, seed=0):
    """Targets, and the answers of two models that are much alike."""
    draw = np.random.default_rng(seed)
    if task.kind == "regression":
        target, original = draw.normal(size=(2, n))
        return target, original, original + 0.3 * draw.normal(size=n)
    target = draw.integers(0, len(task.classes), n)
    one, noise = draw.normal(size=(2, n, len(task.classes)))
    logits = 2 * np.eye(len(task.classes))[target] + np.stack([one, one + 0.3 * noise])
    scores = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return target, *(scores[:, :, 1] if task.kind == "binary" else scores)


def test_agreement_counts_equal_classes_with_wilsons_interval():
    original, small = np.array([0.1, 0.6, 0.7, 0.4]), np.array([0.2, 0.4, 0.8, 0.4])
    found = named(compression(BINARY, np.array([0, 1, 1, 0]), original, small))
    low, high = wilson(3, 4)
    assert (found["agreement"].value, found["agreement"].n) == (0.75, 4)
    assert (found["agreement"].low, found["agreement"].high) == (float(low), float(high))
    assert found["probability_gap"].value == pytest.approx(0.1)


def test_classes_agree_by_their_most_probable():
    one = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    other = np.array([[0.3, 0.4, 0.3], [0.0, 0.3, 0.7]])
    found = named(compression(MANY, np.array([0, 2]), one, other))
    assert found["agreement"].value == 0.5
    assert found["probability_gap"].value == pytest.approx(np.abs(one - other).mean())


def test_numbers_agree_within_a_tolerance_of_their_spread():
    original = np.array([0.0, 10.0, 20.0, 30.0])
    spread = original.std()
    small = original + np.array([0.0, 0.09, -0.09, 0.2]) * spread
    found = named(compression(NUMBER, original, original, small))
    assert found["agreement"].value == 0.75
    assert found["score_gap"].value == pytest.approx(0.095 * spread)
    assert found["difference/mae"].value == pytest.approx(0.095 * spread)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=50))
def test_a_model_agrees_with_itself(rows):
    target, scores = (np.array(column) for column in zip(*rows, strict=True))
    found = named(compression(BINARY, target, scores, scores))
    assert found["agreement"].value == found["agreement"].high == 1
    assert all(measure.value == 0 for name, measure in found.items() if name != "agreement")


@pytest.mark.parametrize("task", [BINARY, MANY, NUMBER], ids=lambda task: task.kind)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_difference_is_the_small_models_figure_less_the_originals(task, weighted):
    target, original, small = some(task)
    weight = np.random.default_rng(9).random(len(target)) if weighted else None
    found = {
        name.removeprefix("difference/"): measure
        for name, measure in named(compression(task, target, original, small, weight)).items()
        if name.startswith("difference/")
    }
    nothing = pd.DataFrame(index=range(len(target)))
    own, theirs = (named(evaluation(task, target, scores, nothing, weight)) for scores in (small, original))
    assert len(found) == {"binary": 4, "multiclass": 3, "regression": 1}[task.kind]
    for name, measure in found.items():
        assert measure.value == pytest.approx(own[name].value - theirs[name].value, abs=1e-6)
        assert measure.low < measure.value < measure.high
        # Paired: narrower than the two figures apart from each other.
        assert measure.high - measure.low < np.hypot(
            own[name].high - own[name].low, theirs[name].high - theirs[name].low
        )


def test_what_is_said_of_the_two_together_is_told_against_the_original_as_versus_does():
    target, original, small = some(BINARY)
    measures = compression(BINARY, target, original, small)
    beside = against([*measures, *sizes(_contents(1), _contents(2))], "f" * 64)
    assert beside[2:] == versus(BINARY, target, small, original, "f" * 64)
    assert [measure.name for measure in beside[:2]] == ["agreement", "probability_gap"]
    assert {measure.against for measure in beside} == {"f" * 64}


@pytest.mark.parametrize("tolerance", [0, -1, float("nan")])
def test_a_bad_tolerance_names_itself(tolerance):
    with pytest.raises(InvalidParameter, match="tolerance must be > 0"):
        compression(NUMBER, np.zeros(2), np.zeros(2), np.zeros(2), tolerance=tolerance)


@pytest.mark.parametrize(
    ("original", "small", "message"),
    [
        (np.zeros(3), np.zeros(2), "the small model's answers cannot be measured: scores of a regression"),
        (np.zeros(2), np.zeros(3), "the original model's answers cannot be measured: scores of a regression"),
        (np.zeros(3), np.array([0, 1, np.nan]), "the small model's answers .* finite"),
    ],
)
def test_answers_that_cannot_be_measured_name_their_model(original, small, message):
    with pytest.raises(DataError, match=message):
        compression(NUMBER, np.zeros(3), original, small)


def _contents(times):
    """Of a file that exists on paper alone."""
    return Contents(
        bytes=100 * times, gzip=60 * times, operators={"ADD": times, "MUL": 3}, inputs=(), outputs=(),
        signatures={}, kernels=(), multiply_adds=7, moved=9, arena=64, custom=(),
    )  # fmt: skip


def test_sizes_and_how_often_they_go_into_the_originals():
    found = named(sizes(_contents(1), _contents(4)))
    assert {name: measure.value for name, measure in found.items()} == {
        "bytes": 100, "gzip_bytes": 60, "compression_ratio": 4, "gzip_ratio": 4, "arena": 64,
        "multiply_adds": 7, "bytes_moved": 9,
    }  # fmt: skip
    assert {name for name, measure in found.items() if measure.unit == "bytes"} == {
        "bytes", "gzip_bytes", "arena", "bytes_moved",
    }  # fmt: skip
    assert not {"compression_ratio", "gzip_ratio"} & set(named(sizes(_contents(1))))


def test_operators_are_counted_in_both_files():
    table = operators(_contents(1), _contents(4))
    assert table.to_dict("list") == {"operator": ["MUL", "ADD"], "small": [3, 1], "original": [3, 4]}
    assert list(operators(_contents(1)).columns) == ["operator", "small"]


def test_a_real_file_is_some_times_smaller_than_its_float32_file(network, rows, float32_file):
    found = named(sizes(contents(convert(network, "int8", rows)), contents(float32_file)))
    assert 2 < found["compression_ratio"].value < 4 and found["gzip_ratio"].value > 2
    # 20 inputs, layers of 128 and 64, one answer.
    assert found["multiply_adds"].value == 20 * 128 + 128 * 64 + 64

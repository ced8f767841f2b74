import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError
from mlflow_prod.foreign import read_answers

BINARY = Task("binary", "repaid", ("no", "yes"))
BACKWARD = Task("binary", "decision", ("rejected", "approved"))
NUMBERED = Task("binary", "repaid", ("0", "1"))
THREE = Task("multiclass", "size", ("large", "medium", "small"))
DIGITS = Task("multiclass", "digit", ("0", "1", "2", "10"))
AMOUNT = Task("regression", "amount")
P = np.array([0.25, 0.75, 0.5])
BOTH = np.column_stack([1 - P, P])
EACH = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.0, 1.0, 0.0]])


def table(columns):
    return pd.DataFrame(columns)


# Answers that all mean P, whatever their shape.
PROBABILITIES = {
    "(n,)": P,
    "(n, 1)": P[:, None],
    "(n, 2)": BOTH,
    "list": P.tolist(),
    "list of rows": BOTH.tolist(),
    "Series": pd.Series(P, index=[7, 7, 9]),
    "float32": P.astype(np.float32),
    "dict": {"probability": P},
    "list of dicts": [{"probability": float(p)} for p in P],
    "table of one column": table({"anything": P}),
    "table of probability": table({"probability": P, "prediction": ["no", "yes", "yes"]}),
    "table of score": table({"id": [1, 2, 3], "score": P}),
    "table by class": table({"yes": P, "no": 1 - P}),
    "table of ours for several": table({"probability/yes": P, "probability/no": 1 - P}),
    "table without names": table(BOTH),
    "lists in a column": table({"probability": BOTH.tolist(), "prediction": ["no", "yes", "yes"]}),
    "a number in the column of predictions": table({"prediction": P}),
}


@pytest.mark.parametrize("shape", PROBABILITIES)
def test_every_shape_of_two_probabilities_is_read(shape):
    scores = read_answers(BINARY, PROBABILITIES[shape], 3)
    assert scores.graded and scores.values.dtype == np.float64
    np.testing.assert_array_equal(scores.values, P)


# Answers that all mean no, yes, yes, and no more.
DECIDED = {
    "texts": (BINARY, np.array(["no", "yes", "yes"])),
    "objects": (BINARY, np.array(["no", "yes", "yes"], dtype=object)),
    "list": (BINARY, ["no", "yes", "yes"]),
    "categories": (BINARY, pd.Series(["no", "yes", "yes"], dtype="category")),
    "table": (BINARY, table({"prediction": ["no", "yes", "yes"]})),
    "table of another name": (BINARY, table({"repaid": ["no", "yes", "yes"], "row": [1, 2, 3]})),
    "whole numbers": (NUMBERED, np.array([0, 1, 1])),
    "whole floats": (NUMBERED, np.array([0.0, 1.0, 1.0])),
    "booleans": (NUMBERED, np.array([False, True, True])),
    "true and false": (Task("binary", "t", ("False", "True")), np.array([False, True, True])),
    "one of two columns": (BINARY, np.array([[1, 0], [0, 1], [0, 1]])),
}


@pytest.mark.parametrize("shape", DECIDED)
def test_classes_alone_are_no_probabilities(shape):
    task, answers = DECIDED[shape]
    scores = read_answers(task, answers, 3)
    assert not scores.graded and "classes only" in scores.remark
    np.testing.assert_array_equal(scores.values, [0.0, 1.0, 1.0])


def test_columns_without_names_are_in_the_order_of_the_classes_names():
    # The positive class stands first in the alphabet.
    np.testing.assert_array_equal(read_answers(BACKWARD, BOTH, 3).values, 1 - P)
    np.testing.assert_array_equal(read_answers(BACKWARD, BOTH, 3, ["rejected", "approved"]).values, P)
    ten = np.eye(4)[[0, 3, 2]]
    np.testing.assert_array_equal(read_answers(DIGITS, ten, 3).values.argmax(1), [0, 3, 2])


def test_more_classes():
    given = read_answers(THREE, EACH, 3)
    np.testing.assert_array_equal(given.values, EACH)
    named = read_answers(THREE, EACH, 3, ["small", "large", "medium"])
    np.testing.assert_array_equal(named.values, EACH[:, [1, 2, 0]])
    by_name = table(EACH).set_axis(["small", "large", "medium"], axis=1)
    np.testing.assert_array_equal(read_answers(THREE, by_name, 3).values, EACH[:, [1, 2, 0]])
    classes = read_answers(THREE, ["small", "large", "small"], 3)
    assert not classes.graded
    np.testing.assert_array_equal(classes.values, np.eye(3)[[2, 0, 2]])


def test_a_lone_probability_of_several_classes_is_left_for_the_class_beside_it():
    found = read_answers(THREE, table({"prediction": ["small"] * 3, "probability": P}), 3)
    assert not found.graded


def test_numbers():
    for answers in (P, P[:, None], table({"prediction": P, "low": P - 1}), table({"amount": P, "x": P})):
        np.testing.assert_array_equal(read_answers(AMOUNT, answers, 3).values, P)
    np.testing.assert_array_equal(read_answers(AMOUNT, [1, 2, 3], 3).values, [1.0, 2.0, 3.0])


def test_a_model_with_a_threshold_of_its_own_is_told_of():
    found = read_answers(BINARY, table({"probability": P, "prediction": ["no", "no", "no"]}), 3)
    assert found.graded and "2 of 3 rows" in found.remark
    each = table(EACH).set_axis([f"probability/{name}" for name in THREE.classes], axis=1)
    found = read_answers(THREE, each.assign(prediction=["small", "large", "large"]), 3)
    assert "1 of 3 rows" in found.remark


@settings(deadline=None)
@given(st.data())
def test_what_our_own_models_answer_is_read_back(data):
    task = data.draw(st.sampled_from([BINARY, BACKWARD, NUMBERED, THREE, DIGITS, AMOUNT]))
    n = data.draw(st.integers(1, 6))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    scores = rng.dirichlet(np.ones(len(task.classes)), n) if task.kind == "multiclass" else rng.random(n)
    found = read_answers(task, task.decode(scores), n)
    assert found.graded and not found.remark
    np.testing.assert_array_equal(found.values, scores)


BAD = {
    "too few rows": (BINARY, P[:2], "2 rows of 3"),
    "NaN": (BINARY, [0.1, np.nan, 0.2], "in 1 of 3 rows, first in row 1"),
    "None among classes": (BINARY, ["no", None, "yes"], "nothing in 1 of 3"),
    "logits": (BINARY, [-3.0, 0.5, 4.0], "put a sigmoid"),
    "logits of several": (THREE, EACH * 5, "got 1.5 in row 0"),
    "shares that are none": (THREE, EACH / 2, "add up to 1"),
    "an unknown class": (BINARY, ["no", "yess", "yes"], "did you mean 'yes'"),
    "codes for texts": (BINARY, [0, 1, 1], "no class of 'repaid'"),
    "another number of classes": (THREE, BOTH, "2 columns"),
    "two hot": (BINARY, np.array([[1, 1], [0, 1], [0, 1]]), "a 1 at one class"),
    "numbers for several": (THREE, P, "no class of 'size'"),
    "an unreadable table": (BINARY, table({"a": P, "b": P}), "'prediction', 'probability'"),
    "a column named twice": (BINARY, pd.DataFrame(BOTH, columns=["a", "a"]), "each column once"),
    "one number": (AMOUNT, 3.0, "array or a table, got float"),
    "texts for numbers": (AMOUNT, ["a", "b", "c"], "must be numbers"),
    "infinite numbers": (AMOUNT, [1.0, np.inf, 2.0], "first in row 1"),
    "a matrix for numbers": (AMOUNT, EACH, r"shape \(n,\)"),
    "ragged rows": (BINARY, [[0.5, 0.5], [1.0], [0.2, 0.8]], "no table and no array"),
    "lists of unequal length": (BINARY, table({"probability": [[0.5, 0.5], [1.0], [0.2, 0.8]]}), "unequal"),
    "each row's own probability": (
        BINARY,
        table({"prediction": ["no", "yes", "yes"], "probability": [0.9, 0.8, 0.7]}),
        "give those of 'yes'",
    ),
}


@pytest.mark.parametrize("wrong", BAD)
def test_answers_that_mean_nothing_are_refused(wrong):
    task, answers, message = BAD[wrong]
    with pytest.raises(DataError, match=message):
        read_answers(task, answers, 3)


def test_classes_that_are_not_those_of_the_task_are_named():
    with pytest.raises(DataError, match="not in both: maybe, yes"):
        read_answers(BINARY, BOTH, 3, ["maybe", "no"])

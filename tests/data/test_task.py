import json

import numpy as np
import pytest

from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter

TASKS = [
    Task("binary", "repaid", ("no", "yes")),
    Task("multiclass", "kind", ("a", "b", "c")),
    Task("regression", "price"),
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_a_task_comes_back_from_json(task):
    assert Task.from_dict(json.loads(json.dumps(task.to_dict()))) == task


def test_binary_scores_become_the_class_and_the_positive_class_s_probability():
    answer = TASKS[0].decode(np.array([0.1, 0.5, 0.9]))
    assert answer["prediction"].tolist() == ["no", "yes", "yes"]
    assert answer["probability"].tolist() == [0.1, 0.5, 0.9]


def test_multiclass_scores_become_the_likeliest_class_and_a_probability_for_each():
    answer = TASKS[1].decode(np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]], np.float32))
    assert answer["prediction"].tolist() == ["b", "c"]
    assert list(answer.columns) == ["prediction", "probability/a", "probability/b", "probability/c"]
    assert answer["probability/c"].tolist() == pytest.approx([0.3, 0.8])


def test_regression_scores_stay_numbers():
    answer = TASKS[2].decode(np.array([[1.5], [2.5]], np.float32))
    assert answer["prediction"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("kind", "classes"),
    [("binary", ("a",)), ("multiclass", ()), ("regression", ("a",)), ("binary", ("a", "a")), ("ranking", ())],
)
def test_classes_that_do_not_fit_the_kind_are_refused(kind, classes):
    with pytest.raises(InvalidParameter):
        Task(kind, "y", classes)

import random
import sys

import numpy as np
import pytest

from mlflow_prod.data import Task
from mlflow_prod.distill import build_student
from mlflow_prod.errors import InvalidParameter, ModelError

THREE = Task("multiclass", "kind", ("a", "b", "c"))
BUILDER = """
import keras

def student(shape, task):
    return keras.Sequential([
        keras.Input(shape),
        keras.layers.Dense(4, "relu"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(len(task.classes), "softmax"),
    ])

def compiled(shape, task):
    network = student(shape, task)
    network.compile(keras.optimizers.SGD(0.5), loss="kl_divergence")
    return network

def broken(shape, task):
    return {}["boom"]

def nothing(shape, task):
    return "no network"

def alone():
    return 1
"""


@pytest.fixture
def builder(tmp_path, monkeypatch):
    (tmp_path / "own_student.py").write_text(BUILDER)
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_student"
    sys.modules.pop("own_student", None)


def test_equal_seeds_make_equal_students_and_leave_python_as_it_was(builder):
    before = random.getstate()
    first, again, other = (build_student(f"{builder}:student", (5,), THREE, seed=seed) for seed in (1, 1, 2))
    assert random.getstate() == before
    assert all(map(np.array_equal, first.get_weights(), again.get_weights()))
    assert not all(map(np.array_equal, first.get_weights(), other.get_weights()))
    rows = np.ones((4, 5), np.float32)
    np.testing.assert_array_equal(first(rows, training=True), again(rows, training=True))


def test_a_student_that_is_not_compiled_gets_the_loss_of_its_task(builder):
    assert build_student(f"{builder}:student", (5,), THREE).loss == "sparse_categorical_crossentropy"
    own = build_student(f"{builder}:compiled", (5,), THREE)
    assert own.loss == "kl_divergence" and float(own.optimizer.learning_rate) == 0.5


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("broken", r"student 'own_student:broken': KeyError \(.*own_student\.py, line 18\): 'boom'"),
        ("nothing", "student 'own_student:nothing' must return a Keras 3 model, got str"),
        ("alone", "student 'own_student:alone': the function must work with 2 arguments"),
        ("missing", "student 'own_student:missing': AttributeError: .*missing"),
    ],
)
def test_what_makes_no_student_is_named(builder, function, message):
    with pytest.raises(ModelError, match=message):
        build_student(f"{builder}:{function}", (5,), THREE)


def test_what_names_no_function_is_refused():
    with pytest.raises(InvalidParameter, match=r"student must be module:function"):
        build_student("own_student.py", (5,), THREE)
    with pytest.raises(ModelError, match="student 'nowhere:student': no module 'nowhere'"):
        build_student("nowhere:student", (5,), THREE)

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, r2_score

from mlflow_prod import encoder
from mlflow_prod.data import Task, load
from mlflow_prod.distill import Course, Lessons, Setting, seeds_from
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models import build

SETTING = Setting(4.0, 0.5)


@pytest.fixture(scope="module")
def data():
    return load("digits", seed=1)


@pytest.fixture(scope="module")
def lessons(data):
    encode = encoder.fit(data.train, None)
    pixels = [encode.encode(part.features) for part in (data.train, data.validation, data.test)]
    flat = [rows.reshape(len(rows), -1) for rows in pixels]
    teacher = LogisticRegression(max_iter=100).fit(flat[0], data.train.target)
    parts = (data.train, data.validation, data.test)
    return encode, [
        Lessons(rows, part.target, teacher.predict_proba(flat_rows).astype(np.float32))
        for rows, flat_rows, part in zip(pixels, flat, parts, strict=True)
    ]


@pytest.fixture(scope="module")
def course(data, lessons):
    encode, (train, check, _) = lessons
    few = Lessons(train.inputs[:200], train.target[:200], train.scores[:200])

    def student(seed):
        return build(encode.shape, data.task, units="6", kind="mlp", learning_rate=0.02, seed=seed)

    return Course(data.task, encode, student, few, check, epochs=4, batch_size=50)


def test_students_differ_in_the_teacher_alone(course, lessons):
    test = lessons[1][2]
    taught, history = course.taught(SETTING, 3, progress=False)
    assert len(history.loss) == 4
    without, _ = course.taught(Setting(4.0, 0.0), 3, progress=False)
    alone, _ = course.alone(3, progress=False)
    np.testing.assert_allclose(without.score(test.inputs), alone.score(test.inputs), atol=1e-3)
    assert np.abs(taught.score(test.inputs) - alone.score(test.inputs)).max() > 0.01


def test_a_comparison_has_each_students_own_figure_on_the_rows(course, lessons):
    test, seeds = lessons[1][2], seeds_from(1, 5)
    first, _ = course.taught(SETTING, 1, progress=False)
    found = course.compare(first, SETTING, seeds, test)
    assert found.seeds == seeds
    assert found.teacher == accuracy_score(test.target, test.scores.argmax(axis=1))
    again = course.alone(2, progress=False)[0], course.taught(SETTING, 2, progress=False)[0]
    for student, figure in zip(again, (found.alone[1], found.distilled[1]), strict=True):
        assert figure == accuracy_score(test.target, student.score(test.inputs).argmax(axis=1))


def test_numbers_are_judged_by_r2_or_what_was_asked_for(course):
    rng = np.random.default_rng(0)
    target = rng.normal(size=50)
    scores = target + rng.normal(size=50) / 3
    rows = Lessons(np.zeros((50, 1)), target, scores)
    task = Task("regression", "y")
    assert dataclasses.replace(course, task=task).figure_of(scores, rows) == pytest.approx(
        r2_score(target, scores)
    )
    errors = dataclasses.replace(course, task=task, objective="mae").figure_of(scores, rows)
    assert errors == pytest.approx(np.abs(target - scores).mean())
    with pytest.raises(InvalidParameter, match=r"objective must be a measure of the task .* got 'accuracy'"):
        dataclasses.replace(course, task=task, objective="accuracy").figure_of(scores, rows)


def test_a_student_of_another_task_is_refused_before_it_is_trained(course):
    two = Task("binary", "odd", ("no", "yes"))
    wrong = dataclasses.replace(course, build=lambda seed: build(course.encoder.shape, two, units="4"))
    with pytest.raises(ModelError, match="a multiclass task needs a network with 10 outputs"):
        wrong.taught(SETTING, 0)


def test_a_training_that_diverges_is_an_error(course, data):
    def hasty(seed):
        return build(course.encoder.shape, data.task, units="6", kind="mlp", learning_rate=1e30, seed=seed)

    with pytest.raises(ModelError, match="training diverged: the loss is nan"):
        dataclasses.replace(course, build=hasty).taught(SETTING, 0, progress=False)


@pytest.mark.parametrize("beta", [0.0, -1.0, np.nan, np.inf])
def test_the_weight_of_a_hint_is_checked_without_one(beta, course):
    with pytest.raises(InvalidParameter, match="beta must be a number > 0"):
        dataclasses.replace(course, beta=beta)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from scipy.special import softmax

from mlflow_prod.distill import make_loss, pack_targets, soft_answers, soften
from mlflow_prod.errors import DataError, InvalidParameter


def by_formula(codes, teacher, student, temperature, alpha):
    """L = (1 - a) L_hard + a T^2 KL(teacher || student), from logits, in float64."""
    hard = -np.log(softmax(student, axis=1))[np.arange(len(codes)), codes]
    target, answer = softmax(teacher / temperature, axis=1), softmax(student / temperature, axis=1)
    soft = np.sum(target * (np.log(target) - np.log(answer)), axis=1)
    return (1 - alpha) * hard + alpha * temperature**2 * soft


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**31), st.integers(2, 6), st.floats(0.5, 20), st.floats(0, 1))
def test_classes_follow_the_formula(seed, classes, temperature, alpha):
    rng = np.random.default_rng(seed)
    teacher, student = rng.normal(0, 2, (2, 10, classes))
    codes = rng.integers(0, classes, 10)
    packed = pack_targets(codes, softmax(teacher, axis=1), temperature)
    got = make_loss(temperature, alpha)(ops.array(packed), ops.array(softmax(student, axis=1), "float32"))
    expected = by_formula(codes, teacher, student, temperature, alpha)
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5 * max(1, temperature**2))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**31), st.floats(0.5, 20), st.floats(0, 1))
def test_binary_follows_the_formula_with_two_classes(seed, temperature, alpha):
    rng = np.random.default_rng(seed)
    teacher, student = rng.normal(0, 2, (2, 10))
    codes = rng.integers(0, 2, 10)
    logits = [np.column_stack([np.zeros(10), one]) for one in (teacher, student)]
    positive = [softmax(one, axis=1)[:, 1] for one in logits]
    packed = pack_targets(codes, positive[0], temperature)
    got = make_loss(temperature, alpha)(ops.array(packed), ops.array(positive[1][:, None], "float32"))
    expected = by_formula(codes, *logits, temperature, alpha)
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5 * max(1, temperature**2))


def test_certain_teachers_and_students_give_finite_losses():
    packed = pack_targets(np.array([0, 1]), np.array([1.0, 0.0]), 1.0)
    loss = np.asarray(make_loss(1.0, 0.5)(ops.array(packed), ops.array([[1.0], [0.0]])))
    assert np.isfinite(loss).all()
    assert (loss > 5).all()


def test_a_student_that_equals_its_teacher_has_no_soft_loss():
    scores = softmax(np.random.default_rng(1).normal(size=(20, 4)), axis=1)
    packed = pack_targets(np.zeros(20, np.int64), scores, 3.0)
    np.testing.assert_allclose(
        make_loss(3.0, 1.0)(ops.array(packed), ops.array(scores, "float32")), 0, atol=1e-4
    )


def test_temperature_flattens_and_one_leaves_probabilities_as_they_are():
    scores = np.array([[0.7, 0.2, 0.1]])
    np.testing.assert_allclose(pack_targets(np.array([2]), scores, 1.0), [[2, 0.7, 0.2, 0.1]], rtol=1e-6)
    softened = pack_targets(np.array([2]), scores, 100)[0, 1:]
    np.testing.assert_allclose(softened, scores[0] ** 0.01 / (scores[0] ** 0.01).sum(), rtol=1e-6)
    np.testing.assert_allclose(softened, 1 / 3, rtol=0.02)


def test_what_is_no_distillation_is_refused():
    codes = np.array([0, 1])
    for temperature in (0, 1e-320, 101, 1e308, np.nan):
        with pytest.raises(InvalidParameter, match=r"temperature must be from 0\.01 to 100, got"):
            pack_targets(codes, np.array([0.1, 0.2]), temperature)
    with pytest.raises(InvalidParameter, match="alpha must be 0 <= alpha <= 1, got 2"):
        make_loss(1.0, 2)
    with pytest.raises(DataError, match="3 teacher scores for 2 rows"):
        pack_targets(codes, np.array([0.1, 0.2, 0.3]), 1.0)
    for scores in ([0.1, np.nan], [-3.0, 2.0], [[0.5, 0.4], [0.1, 0.1]]):
        with pytest.raises(DataError, match="must be probabilities"):
            pack_targets(codes, np.array(scores), 1.0)


def test_soft_answers_are_means_by_class_of_softened_probabilities():
    rng = np.random.default_rng(0)
    scores, codes = softmax(rng.normal(0, 2, (200, 4)), axis=1), rng.integers(0, 3, 200)
    found = soft_answers(codes, scores, 3.0)
    for code in range(3):
        expected = softmax(np.log(scores[codes == code]) / 3, axis=1).mean(axis=0)
        np.testing.assert_allclose(found[code], expected, rtol=1e-9)
    assert np.isnan(found[3]).all()
    np.testing.assert_allclose(soften(np.array([0.9]), 1.0), [[0.1, 0.9]])

import keras
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mlflow_prod.distill import distill
from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.train import fit


def student(columns, outputs, activation, loss):
    start = keras.initializers.GlorotUniform(seed=1)
    model = keras.Sequential(
        [keras.Input((columns,)), keras.layers.Dense(outputs, activation, kernel_initializer=start)]
    )
    model.compile(keras.optimizers.Adam(0.02), loss=loss, metrics=["accuracy"])
    return model


def test_a_student_learns_digits_from_soft_targets_alone():
    inputs, target = load_digits(return_X_y=True)
    inputs = (inputs / 16).astype(np.float32)
    teacher = LogisticRegression(max_iter=200).fit(inputs[:1000], target[:1000]).predict_proba(inputs)
    learner = student(64, 10, "softmax", "sparse_categorical_crossentropy")
    wrong = np.zeros(1000, np.int64)
    history = distill(
        teacher[:1000],
        learner,
        inputs[:1000],
        wrong,
        alpha=1.0,
        validation=(inputs[1000:1200], wrong[:200], teacher[1000:1200]),
        epochs=10,
        batch_size=64,
        progress=False,
    )
    assert len(history.val_loss) == 10
    answers = np.argmax(learner(inputs[1200:]), axis=1)
    assert np.mean(answers == np.argmax(teacher[1200:], axis=1)) > 0.85
    assert learner.loss == "sparse_categorical_crossentropy"
    assert learner.evaluate(inputs, target, verbose=0, return_dict=True).keys() >= {
        "loss",
        "accuracy",
    }


def test_without_a_teachers_weight_a_binary_student_learns_as_alone():
    inputs, target = load_breast_cancer(return_X_y=True)
    inputs = StandardScaler().fit_transform(inputs).astype(np.float32)
    alone, taught = (student(30, 1, "sigmoid", "binary_crossentropy") for _ in range(2))
    fit(alone, inputs, target, epochs=3, seed=2, progress=False)
    distill(np.full(len(target), 0.5), taught, inputs, target, alpha=0.0, epochs=3, seed=2, progress=False)
    np.testing.assert_allclose(alone(inputs), taught(inputs), atol=1e-4)


def test_a_regression_student_minimises_both_squared_errors():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(200, 3)).astype(np.float32)
    target, teacher = inputs @ [1.0, 2.0, 3.0], inputs @ [3.0, 2.0, 1.0]
    learner = student(3, 1, "linear", "mean_squared_error")
    distill(teacher, learner, inputs, target, alpha=0.25, epochs=150, batch_size=50, progress=False)
    # The minimum of (1 - a) |y - f|^2 + a |t - f|^2 over linear f.
    np.testing.assert_allclose(learner.get_weights()[0][:, 0], [1.5, 2.0, 2.5], atol=0.05)


def test_teachers_and_students_that_do_not_fit_are_refused():
    inputs, target = np.ones((4, 3), np.float32), np.array([0, 1, 2, 0])
    three = student(3, 3, "softmax", "sparse_categorical_crossentropy")
    with pytest.raises(DataError, match="the teacher scores 2 classes, the student 3"):
        distill(np.full(4, 0.5), three, inputs, target, progress=False)
    with pytest.raises(DataError, match="class codes from 0 to 5, the student has 3 classes"):
        distill(np.full((4, 3), 1 / 3), three, inputs, np.array([0, 5, 1, 2]), progress=False)
    with pytest.raises(DataError, match=r"teacher scores have shape \(3,\), the target \(4,\)"):
        distill(np.ones(3), student(3, 1, "linear", "mse"), inputs, np.ones(4), progress=False)
    with pytest.raises(InvalidParameter, match="alpha"):
        distill(np.full((4, 3), 1 / 3), three, inputs, target, alpha=1.5, progress=False)


def test_students_that_do_not_end_in_probabilities_are_refused():
    inputs, target = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32), np.arange(20) % 3
    scores = np.full((20, 3), 1 / 3)
    with pytest.raises(
        ModelError, match="does not answer with probabilities: end it in a sigmoid or softmax"
    ):
        distill(scores, student(3, 3, "linear", "mse"), inputs, target, progress=False)
    with pytest.raises(ModelError, match="do not add up to 1 in each row: end it in a softmax"):
        distill(scores, student(3, 3, "sigmoid", "mse"), inputs, target, progress=False)
    raw = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "softmax")])
    with pytest.raises(ModelError, match=r"not compiled: call student\.compile"):
        distill(scores, raw, inputs, target, progress=False)
    with pytest.raises(DataError, match="the teacher's scores hold NaN"):
        distill(np.full(20, np.nan), student(3, 1, "linear", "mse"), inputs, np.ones(20), progress=False)

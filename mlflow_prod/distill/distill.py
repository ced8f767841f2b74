"""Trains a student on labels and on a teacher's scores."""

from typing import TYPE_CHECKING

import numpy as np

from mlflow_prod.distill.hint import Hint, guided, symbolic
from mlflow_prod.distill.loss import Loss, make_loss, pack_targets
from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.train import History, fit

if TYPE_CHECKING:
    import keras

# Rows of which a student's untrained answers tell whether it ends in probabilities.
PROBED = 8


def distill(
    teacher_scores: np.ndarray,
    student: "keras.Model",
    inputs: np.ndarray,
    target: np.ndarray,
    *,
    temperature: float = 4.0,
    alpha: float = 0.5,
    hint: Hint | None = None,
    validation: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    weight: np.ndarray | None = None,
    epochs: int = 20,
    batch_size: int = 256,
    patience: int = 5,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Trains a compiled student in place, as `train.fit` does; it stays compiled as it was.

    Classes: L = (1 - alpha) L_hard + alpha T^2 L_KL (see `make_loss`). Regression: the student's own loss
    against (1 - alpha) target + alpha teacher; for the squared error that is
    (1 - alpha) MSE(target) + alpha MSE(teacher) but for a constant. With a hint, its term is added
    (`Hint`). Not worth it where the teacher is no better than the student trained alone: compare the two.

    Parameters
    ----------
    teacher_scores : the teacher's scores of the training rows: binary (n,), multiclass (n, k),
        regression (n,). Scored once, beforehand; may be memory-mapped (`cached`).
    student : compiled Sequential or Functional Keras 3 model that ends in
        sigmoid (n, 1), softmax (n, k), or one linear unit.
    inputs : float32, shape (n, ...).
    target : int64 class codes, or float64 for regression, shape (n,).
    temperature : from 0.01 to 100, of the soft targets; regression has none.
    alpha : weight of the teacher, 0 to 1.
    hint : what a hidden layer of the teacher says of the same rows.
    validation : (inputs, target, teacher_scores) of the rows that decide when to stop.
    weight, epochs, batch_size, patience, seed, progress : as in `train.fit`.

    Raises
    ------
    InvalidParameter, DataError, ModelError : as `train.fit`, where teacher and student differ in classes, and
        where the student is not compiled or does not end in probabilities.
    """
    classes = np.issubdtype(np.asarray(target).dtype, np.integer)
    if not 0 <= alpha <= 1:
        raise InvalidParameter("alpha", "0 <= alpha <= 1", alpha)
    _check_student(student)

    def taught(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        if classes:
            packed = pack_targets(codes, scores, temperature)
            _check_classes(student, packed)
            return packed
        if np.shape(scores) != np.shape(codes):
            raise DataError(f"teacher scores have shape {np.shape(scores)}, the target {np.shape(codes)}")
        if not np.isfinite(scores).all():
            raise DataError("the teacher's scores hold NaN or infinite values: mend the teacher")
        return (1 - alpha) * codes + alpha * np.asarray(scores, np.float64)

    blend = taught(target, teacher_scores)
    check = None if validation is None else (validation[0], taught(*validation[1:]))
    learner = student
    if classes:
        _check_answers(student, inputs)
    if classes and hint is None:
        learner = _learner(student, student.outputs, make_loss(temperature, alpha))
    if hint is not None:
        loss = make_loss(temperature, alpha) if classes else _own_loss(student)
        blend = blend.reshape(len(blend), -1)
        learner = _learner(student, *guided(student, hint, loss, blend.shape[1], seed))
        blend = np.hstack([blend, hint.of(hint.features, len(blend))])
        if check is not None:
            rows = check[1].reshape(len(check[1]), -1)
            check = (check[0], np.hstack([rows, hint.of(hint.validation, len(rows))]))
    return fit(
        learner,
        inputs,
        blend,
        validation=check,
        weight=weight,
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        seed=seed,
        progress=progress,
    )


def _learner(student: "keras.Model", outputs: "keras.KerasTensor", loss: Loss) -> "keras.Model":
    import keras

    # The same layers under another loss: the student itself stays compiled as it was.
    learner = keras.Model(student.inputs, outputs)
    learner.compile(student.optimizer.from_config(student.optimizer.get_config()), loss=loss)
    return learner


def _own_loss(student: "keras.Model") -> Loss:
    import keras

    loss = keras.losses.get(student.loss)
    # A loss as an object takes the mean over rows, where each row's own is needed.
    return loss.call if isinstance(loss, keras.losses.Loss) else loss


def _check_student(student: "keras.Model") -> None:
    symbolic(student, "student")
    if len(student.outputs) != 1 or len(student.output_shape) != 2:
        raise ModelError(
            f"the student must have one output of shape (n, k), got {student.output_shape}: end it in a "
            "sigmoid unit, a softmax, or one linear unit"
        )
    if not student.compiled:
        raise ModelError("the student is not compiled: call student.compile(optimizer, loss=...) first")


def _check_answers(student: "keras.Model", inputs: np.ndarray) -> None:
    answers = np.asarray(student(np.asarray(inputs[:PROBED], np.float32), training=False))
    total = answers.sum(axis=1) if answers.shape[1] > 1 else np.ones(len(answers))
    if not (np.isfinite(answers).all() and (answers >= 0).all() and (answers <= 1).all()):
        raise ModelError("the student does not answer with probabilities: end it in a sigmoid or softmax")
    if not np.allclose(total, 1, atol=1e-3):
        raise ModelError("the student's probabilities do not add up to 1 in each row: end it in a softmax")


def _check_classes(student: "keras.Model", packed: np.ndarray) -> None:
    taught, known = packed.shape[1] - 1, max(student.output_shape[-1], 2)
    if taught != known:
        raise DataError(
            f"the teacher scores {taught} classes, the student {known}: build it for the same task"
        )
    if packed[:, 0].min() < 0 or packed[:, 0].max() >= known:
        low, high = packed[:, 0].min(), packed[:, 0].max()
        raise DataError(
            f"the target has class codes from {low:g} to {high:g}, the student has {known} classes"
        )

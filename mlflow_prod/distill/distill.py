"""Trains a student on labels and on a teacher's scores."""

from typing import TYPE_CHECKING

import numpy as np

from mlflow_prod.distill.loss import Loss, make_loss, pack_targets
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.train import History, fit

if TYPE_CHECKING:
    import keras


def distill(
    teacher_scores: np.ndarray,
    student: "keras.Model",
    inputs: np.ndarray,
    target: np.ndarray,
    *,
    temperature: float = 4.0,
    alpha: float = 0.5,
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
    (1 - alpha) MSE(target) + alpha MSE(teacher) but for a constant. Not worth it where the teacher is no
    better than the student trained alone: compare the two.

    Parameters
    ----------
    teacher_scores : the teacher's scores of the training rows: binary (n,), multiclass (n, k),
        regression (n,). Scored once, beforehand.
    student : compiled Sequential or Functional Keras 3 model that ends in
        sigmoid (n, 1), softmax (n, k), or one linear unit.
    inputs : float32, shape (n, ...).
    target : int64 class codes, or float64 for regression, shape (n,).
    temperature : from 0.01 to 100, of the soft targets; regression has none.
    alpha : weight of the teacher, 0 to 1.
    validation : (inputs, target, teacher_scores) of the rows that decide when to stop.
    weight, epochs, batch_size, patience, seed, progress : as in `train.fit`.

    Raises
    ------
    InvalidParameter, DataError, ModelError : as `train.fit`, and where teacher and student differ in classes.
    """
    classes = np.issubdtype(np.asarray(target).dtype, np.integer)
    if not 0 <= alpha <= 1:
        raise InvalidParameter("alpha", "0 <= alpha <= 1", alpha)

    def taught(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
        if classes:
            packed = pack_targets(codes, scores, temperature)
            _check_classes(student, packed)
            return packed
        if np.shape(scores) != np.shape(codes):
            raise DataError(f"teacher scores have shape {np.shape(scores)}, the target {np.shape(codes)}")
        return (1 - alpha) * codes + alpha * np.asarray(scores, np.float64)

    blend = taught(target, teacher_scores)
    check = None if validation is None else (validation[0], taught(*validation[1:]))
    return fit(
        _learner(student, make_loss(temperature, alpha)) if classes else student,
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


def _learner(student: "keras.Model", loss: Loss) -> "keras.Model":
    import keras

    # The same layers under another loss: the student itself stays compiled as it was.
    learner = keras.Model(student.inputs, student.outputs)
    learner.compile(student.optimizer.from_config(student.optimizer.get_config()), loss=loss)
    return learner


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

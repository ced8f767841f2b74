"""The distillation loss for classes, over targets that carry the teacher's answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlflow_prod.errors import DataError, InvalidParameter

if TYPE_CHECKING:
    import keras

Loss: TypeAlias = Callable[["keras.KerasTensor", "keras.KerasTensor"], "keras.KerasTensor"]

# The least probability told from 0: float32 cannot hold 1 - p for smaller ones.
LEAST = 1e-7
# Colder, nothing is soft; hotter, the answers differ by less than float32 holds.
COLDEST, HOTTEST = 0.01, 100


def pack_targets(target: np.ndarray, teacher_scores: np.ndarray, temperature: float) -> np.ndarray:
    """Class code and the teacher's softened probabilities in one array, shape (n, 1 + k), float32.

    Scores are probabilities, so logits are recovered as their logarithm: softmax(log(p) / T) does not
    depend on the constant that is lost. Probabilities are held above 1e-7, which bounds logits.

    Parameters
    ----------
    target : int64 class codes, shape (n,).
    teacher_scores : probability of the positive class, shape (n,), or of each class, shape (n, k).
    temperature : from 0.01 to 100; 1 leaves the probabilities as they are, larger ones are flatter.

    Raises
    ------
    InvalidParameter : the temperature breaks its rule.
    DataError : the scores are no probabilities of these rows.
    """
    soft = soften(teacher_scores, temperature)
    if len(soft) != len(target):
        raise DataError(f"{len(soft)} teacher scores for {len(target)} rows: score the same rows")
    return np.column_stack([target, soft]).astype(np.float32)


def soften(teacher_scores: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log(p) / T), shape (n, k), float64; of a binary task (n, 2), negative class first.

    Scores, temperature and errors are those of `pack_targets`.

    >>> soften(np.array([0.9]), 2.0).round(3).tolist()
    [[0.25, 0.75]]
    """
    if not COLDEST <= temperature <= HOTTEST:
        raise InvalidParameter("temperature", f"from {COLDEST} to {HOTTEST}", temperature)
    scores = np.asarray(teacher_scores, np.float64)
    if scores.ndim == 1:
        scores = np.column_stack([1 - scores, scores])
    if not (
        np.isfinite(scores).all() and (scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=1e-3)
    ):
        raise DataError("teacher scores must be probabilities: 0 to 1, of all classes together 1")
    logits = np.log(np.clip(scores, LEAST, 1 - LEAST)) / temperature
    soft = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(soft / soft.sum(axis=1, keepdims=True))


def soft_answers(target: np.ndarray, teacher_scores: np.ndarray, temperature: float) -> np.ndarray:
    """The teacher's mean softened answer to the rows of each class, (k, k); NaN for a class without rows.

    What a student learns beside the labels: which wrong classes are nearly right. Class codes `target`, shape
    (n,); the rest as `soften`.
    """
    soft = soften(teacher_scores, temperature)
    rows = [soft[np.asarray(target) == code] for code in range(soft.shape[1])]
    return np.stack([np.mean(of, axis=0) if len(of) else np.full(soft.shape[1], np.nan) for of in rows])


def make_loss(temperature: float, alpha: float) -> Loss:
    """L = (1 - alpha) cross-entropy(class) + alpha T^2 KL(teacher at T || student at T), for `compile`.

    Takes what `pack_targets` made at the same temperature, and a student's probabilities: sigmoid,
    shape (n, 1), or softmax, shape (n, k). Gives the loss of each row. T^2 keeps the two terms' gradients
    of one size when the temperature is changed.

    Source: G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network",
    arXiv:1503.02531 (2015).
    """
    if not 0 <= alpha <= 1:
        raise InvalidParameter("alpha", "0 <= alpha <= 1", alpha)

    def distillation(packed: "keras.KerasTensor", scores: "keras.KerasTensor") -> "keras.KerasTensor":
        from keras import ops

        if scores.shape[-1] == 1:
            scores = ops.concatenate([1 - scores, scores], axis=-1)
        logits = ops.log(ops.clip(scores, LEAST, 1 - LEAST))
        codes, teacher = ops.cast(packed[:, 0], "int32"), packed[:, 1:]
        hard = -ops.sum(ops.one_hot(codes, scores.shape[-1]) * logits, axis=-1)
        student = ops.log_softmax(logits / temperature, axis=-1)
        soft = ops.sum(teacher * (ops.log(ops.maximum(teacher, 1e-30)) - student), axis=-1)
        return (1 - alpha) * hard + alpha * temperature**2 * soft

    return distillation

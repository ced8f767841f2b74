"""An array of answers as scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlflow_prod.data import Task
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError, did_you_mean

# float32 answers may pass 1 by a hair, and float16 ones sum to 1 within a thousandth.
HAIR, SUM = 1e-6, 2e-3
DECIDED = "the model answers with classes only: no figure that needs probabilities (auc, log_loss, brier)"


@dataclass(frozen=True)
class Scores:
    """What a model said of each row.

    Parameters
    ----------
    values : after `Task`'s convention: (n,), or (n, classes) for multiclass.
    graded : False where the model names classes only. The values are then 0 and 1: right for what counts
        classes, meaningless for what reads probabilities.
    remark : what readers of the figures should know; "" for nothing.
    """

    values: np.ndarray
    graded: bool = True
    remark: str = ""


def of_array(task: Task, values: np.ndarray, classes: Sequence[str]) -> Scores:
    """Scores from numbers or classes (n,) or (n, 1), or from a column for each of `classes` (n, c)."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 1 and task.kind == "regression":
        return Scores(_numbers(values, "the model's answers"))
    if values.ndim == 1:
        return _of_column(task, pd.Series(values))
    if values.ndim == 2 and task.kind != "regression":
        return of_matrix(task, values, classes or _in_order(task.classes))
    shape = "(n,)" if task.kind == "regression" else f"(n,) or (n, {len(task.classes)})"
    raise DataError(f"answers to a {task.kind} task must have the shape {shape}, got {values.shape}")


def _of_column(task: Task, values: pd.Series) -> Scores:
    values = values.infer_objects()
    is_float = pd.api.types.is_float_dtype(values)
    codes = codes_of(task, values, fallback=is_float and task.kind == "binary")
    if codes is None:
        return Scores(_probabilities(values.to_numpy()))
    if task.kind == "binary":
        return Scores(codes.astype(np.float64), False, DECIDED)
    return Scores(np.eye(len(task.classes))[codes], False, DECIDED)


def codes_of(task: Task, values: pd.Series, *, fallback: bool) -> np.ndarray | None:
    """Codes of the classes; where a value is none, None if there is another reading, else DataError."""
    lost = values.isna().to_numpy()
    if lost.any():
        raise DataError(
            f"the model answered NaN or nothing in {lost.sum():,} of {len(lost):,} rows, first in row "
            f"{lost.argmax()}"
        )
    if fallback and values[:1000].nunique() > len(task.classes):
        # Millions of probabilities need not become texts first.
        return None
    known = pd.Index(task.classes, dtype="str")
    texts = pd.Index(as_text(values))
    codes = known.get_indexer(texts)
    if pd.api.types.is_bool_dtype(values) and (codes < 0).any():
        texts = pd.Index(as_text(values.astype(int)))
        codes = known.get_indexer(texts)
    if (codes >= 0).all():
        return np.asarray(codes)
    if fallback:
        return None
    unknown = str(texts[int(np.argmax(codes < 0))])
    raise DataError(
        f"the model answered {unknown!r}, which is no class of {task.target!r}; "
        f"{did_you_mean(unknown, task.classes)}"
    )


def of_matrix(task: Task, values: np.ndarray, classes: Sequence[str]) -> Scores:
    """Scores from probabilities, or whole 0 and 1, (n, c), a column for each of `classes`."""
    if values.shape[1] != len(classes):
        raise DataError(
            f"the model answers with {values.shape[1]} columns; one for each of {len(classes)} classes was "
            f"due: {', '.join(classes[:10])}"
        )
    if set(classes) != set(task.classes):
        extra = sorted(set(classes) ^ set(task.classes))
        raise DataError(
            f"the model's classes ({', '.join(classes[:10])}) are not those of {task.target!r} "
            f"({', '.join(task.classes[:10])}); not in both: {', '.join(extra[:10])}: give data with the "
            "same classes"
        )
    values = values[:, [list(classes).index(name) for name in task.classes]]
    if values.dtype.kind in "biu":
        if not ((values == 0) | (values == 1)).all() or not (values.sum(axis=1) == 1).all():
            raise DataError(
                "whole numbers for each class must be a 1 at one class of each row and 0 elsewhere"
            )
        codes = values.argmax(axis=1)
        one = codes if task.kind == "binary" else np.eye(len(task.classes))[codes]
        return Scores(one.astype(np.float64), False, DECIDED)
    values = _probabilities(values)
    total = values.sum(axis=1)
    off = np.abs(total - 1) > SUM
    if off.any():
        raise DataError(
            f"the model's probabilities must add up to 1 in each row; they do not in {off.sum():,} of "
            f"{len(off):,}, first in row {off.argmax()}: {total[off.argmax()]:.4g}"
        )
    return Scores(values[:, 1] if task.kind == "binary" else values)


def _in_order(classes: Sequence[str]) -> list[str]:
    try:
        return sorted(classes, key=float)
    except ValueError:
        return sorted(classes)


def _numbers(values: np.ndarray, what: str) -> np.ndarray:
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError) as problem:
        raise DataError(f"{what} must be numbers: {problem}") from problem
    lost = np.asarray(~np.isfinite(numbers).reshape(len(numbers), -1).all(axis=1))
    if lost.any():
        raise DataError(
            f"{what} must be finite; they are NaN or infinite in {lost.sum():,} of {len(lost):,} rows, "
            f"first in row {lost.argmax()}"
        )
    return numbers


def _probabilities(values: np.ndarray) -> np.ndarray:
    numbers = _numbers(values, "the model's probabilities")
    outside = ((numbers < -HAIR) | (numbers > 1 + HAIR)).reshape(len(numbers), -1)
    if outside.any():
        row = int(outside.any(axis=1).argmax())
        wrong = numbers.reshape(len(numbers), -1)[row][outside[row]][0]
        raise DataError(
            f"the model's answers must be classes, or probabilities from 0 to 1; got {wrong:.6g} in row "
            f"{row}: put a sigmoid or softmax behind logits"
        )
    return numbers.clip(0, 1)

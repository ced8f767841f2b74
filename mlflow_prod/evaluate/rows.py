"""Scored rows, checked once, and the slices they fall into."""

from dataclasses import dataclass

import numpy as np

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError
from mlflow_prod.stats import effective_n

# Figures of fewer rows would speak of persons, not of groups.
LEAST_ROWS = 10
NO_WEIGHT = "weight must be > 0 in at least one row"
# What figures are made of, the fourth powers of numbers and the squares of weights, can still be told.
MOST_NUMBER = 1e50
MOST_WEIGHT = 1e25


@dataclass(frozen=True)
class Rows:
    """Targets (n,), scores (n,) or (n, classes) and weights (n,) that fit `task` and each other."""

    task: Task
    target: np.ndarray
    scores: np.ndarray
    weight: np.ndarray | None

    @classmethod
    def of(cls, task: Task, target: np.ndarray, scores: np.ndarray, weight: np.ndarray | None) -> "Rows":
        """Checks every rule; raises DataError naming the first that is broken and where."""
        found = cls.part(task, target, scores, weight)
        if found.weight is not None and not found.weight.sum() > 0:
            raise DataError(NO_WEIGHT)
        return found

    @classmethod
    def part(cls, task: Task, target: np.ndarray, scores: np.ndarray, weight: np.ndarray | None) -> "Rows":
        """The same of some of many rows, whose weights may all be 0 as long as those of others are not."""
        target, scores = _numbers(target, "target"), _numbers(scores, "scores").astype(np.float64, copy=False)
        if target.ndim != 1:
            raise DataError(f"target must have one value for each row, got shape {target.shape}")
        n = len(target)
        if n == 0:
            raise DataError("there are no rows to measure on: give at least one")
        shape = (n, len(task.classes)) if task.kind == "multiclass" else (n,)
        if scores.shape != shape:
            raise DataError(
                f"scores of a {task.kind} task must have shape {shape} to fit the target, got {scores.shape}"
            )
        _all(np.isfinite(scores), "scores must be finite: the model returned NaN or infinity")
        if task.kind == "regression":
            target = target.astype(np.float64)
            _all(np.isfinite(target), "target must be finite")
            _fitting(target, scores)
        else:
            last = len(task.classes) - 1
            known = (target >= 0) & (target <= last) & (target == np.floor(target))
            _all(known, f"target must hold class codes 0 to {last}")
            target = target.astype(np.int32)
            # Rounding in float32 may pass 1 by a hair.
            _all((scores >= -1e-6) & (scores <= 1 + 1e-6), "scores must be probabilities between 0 and 1")
            scores = scores.clip(0, 1)
        if task.kind == "multiclass":
            # Of eight bits each probability is rounded by up to 1/512.
            slack = max(1e-3, len(task.classes) / 512)
            rule = f"scores must be probabilities that sum to 1 within {slack:g}"
            _all(np.abs(scores.sum(axis=1) - 1) <= slack, rule)
        if weight is not None:
            weight = _numbers(weight, "weight").astype(np.float64, copy=False)
            if weight.shape != (n,):
                raise DataError(f"weight must have shape ({n},), got {weight.shape}")
            _all(np.isfinite(weight) & (weight >= 0), "weight must be finite and >= 0")
            hold_weights(weight)
        return cls(task, target, scores, weight)

    @property
    def n(self) -> int:
        """Rows, or Kish's effective number of them where they are weighted, rounded down."""
        return len(self.target) if self.weight is None else int(effective_n(self.weight) + 1e-6)

    @property
    def predicted(self) -> np.ndarray:
        """Class codes (n,): the likeliest class; of two, the positive one from 0.5 up."""
        return self.scores.argmax(axis=1) if self.scores.ndim == 2 else (self.scores >= 0.5).astype(np.int64)


def hold_weights(weight: np.ndarray) -> None:
    """Whether the squares of weights (n,) can be told; DataError where not."""
    fits = (weight == 0) | ((weight >= 1 / MOST_WEIGHT) & (weight <= MOST_WEIGHT))
    rule = f"{1 / MOST_WEIGHT:g} to {MOST_WEIGHT:g}"
    _all(fits, f"weight must be 0, or from {rule}: multiply all weights by one number")


def _numbers(values: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return array
    try:
        if array.dtype.kind == "O":
            return array.astype(np.float64)
        raise TypeError(f"got {array.dtype}")
    except (TypeError, ValueError) as problem:
        raise DataError(
            f"{name} must be numbers, of classes their codes or probabilities: {problem}"
        ) from problem


def _fitting(target: np.ndarray, scores: np.ndarray) -> None:
    """Whether the squares of squares of numbers can be told; DataError where not."""
    rule = "with their unit so that the largest are between"
    largest = np.maximum(np.abs(target), np.abs(scores))
    ends = f"{1 / MOST_NUMBER:g} and {MOST_NUMBER:g}"
    _all(largest <= MOST_NUMBER, f"target and scores must be {rule} {ends}")
    # Answers to rows whose target is 0 may be as small as they like.
    if 0 < np.abs(target).max() < 1 / MOST_NUMBER:
        raise DataError(f"target and scores must be {rule} {ends}, got {largest.max():g} at most")


def _all(holds: np.ndarray, rule: str) -> None:
    if not holds.all():
        broken = np.flatnonzero(~holds.reshape(len(holds), -1).all(axis=1))
        raise DataError(
            f"{rule}; it does not hold in {len(broken)} of {len(holds)} rows, first in row {broken[0]}"
        )

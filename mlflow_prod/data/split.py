"""Rows to the part they belong to."""

from dataclasses import dataclass

import numpy as np

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, InvalidParameter


@dataclass(frozen=True)
class Split:
    """How rows are drawn and divided.

    Parameters
    ----------
    validation, test : shares of all rows, validation in (0, 1), test in [0, 1), together below 1; a test
        share of 0 means that the test rows come from elsewhere.
    rows : how many rows to draw, 0 for all.
    seed : of the draw and the division.

    Raises
    ------
    InvalidParameter : a value breaks its rule.
    """

    validation: float = 0.1
    test: float = 0.25
    rows: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.validation < 1:
            raise InvalidParameter("validation_share", "in (0, 1)", self.validation)
        if not 0 <= self.test < 1 - self.validation:
            raise InvalidParameter("test_share", f"in [0, {1 - self.validation:g})", self.test)
        if self.rows < 0:
            raise InvalidParameter("rows", ">= 0", self.rows)

    def draw(self, n: int) -> np.ndarray:
        """Which of n rows to take, int64, rising."""
        if not self.rows or self.rows >= n:
            return np.arange(n)
        return np.sort(np.random.default_rng(self.seed).choice(n, self.rows, replace=False))

    def divide(
        self, n: int, codes: np.ndarray | None, time: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Indices of the rows to train, to validate and to test on, int64; each row is in one of them.

        With `time`, shape (n,), the earliest rows train and the newest test. Else rows are drawn: with
        `codes`, shape (n,), the same share of each class. Raises DataError below 3 rows.
        """
        if n < 3:
            raise DataError(f"{n} rows cannot be divided into train, validation and test: give at least 3")
        if time is not None:
            return self._cut(np.argsort(time, kind="stable"))
        rng = np.random.default_rng(self.seed)
        strata = [np.arange(n)]
        if codes is not None:
            strata = [np.flatnonzero(codes == code) for code in np.unique(codes)]
        pieces = [self._cut(rng.permutation(rows)) for rows in strata]
        train, validation, test = (np.sort(np.concatenate(part)) for part in zip(*pieces, strict=True))
        return train, validation, test

    def _cut(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        tested = max(round(len(rows) * self.test), 1) if self.test and len(rows) > 1 else 0
        validated = max(round(len(rows) * self.validation), 1) if len(rows) - tested > 1 else 0
        first = len(rows) - tested - validated
        return rows[:first], rows[first : first + validated], rows[first + validated :]


def hold_classes(task: Task, parts: dict[str, np.ndarray], by_time: bool) -> None:
    """Raises DataError unless each class has a row in each of `parts`, name to class codes."""
    if task.kind == "regression":
        return
    counts = {name: np.bincount(codes, minlength=len(task.classes)) for name, codes in parts.items()}
    for code, label in enumerate(task.classes):
        empty = next((name for name, count in counts.items() if count[code] == 0), None)
        if empty is not None:
            found = ", ".join(f"{count[code]:,} in {name}" for name, count in counts.items())
            cure = "give more rows of it, merge it with another class, or leave it out"
            if by_time:
                cure = "leave `time` out to divide at random, or give rows of a longer time"
            raise DataError(
                f"target {task.target!r}: class {label!r} has no row in {empty} ({found}): {cure}"
            )

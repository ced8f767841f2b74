"""One student after the other, on the same rows and answers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mlflow_prod.data import Task
from mlflow_prod.distill.comparison import Comparison
from mlflow_prod.distill.distill import distill
from mlflow_prod.distill.grid import Setting
from mlflow_prod.distill.hint import Hint
from mlflow_prod.encoder import Encoder
from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.evaluate import evaluation
from mlflow_prod.models import KerasModel
from mlflow_prod.train import History, fit

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Lessons:
    """Encoded rows, their labels, and what the teacher said of them.

    Parameters
    ----------
    inputs : float32 (n, ...).
    target : class codes or numbers (n,).
    scores : the teacher's, after `Task`'s convention.
    weight : (n,), or None.
    features : what the teacher's layer says, for a hint, or None.
    """

    inputs: np.ndarray
    target: np.ndarray
    scores: np.ndarray
    weight: np.ndarray | None = None
    features: np.ndarray | None = None


@dataclass(frozen=True)
class Course:
    """How students are made, trained and judged, so that two of them differ in one thing alone.

    Parameters
    ----------
    task : what is learnt.
    encoder : made the inputs, and is kept with the students.
    build : an untrained, compiled student from a seed.
    train, validation : the rows; those of validation decide when to stop.
    layer : of the student, for a hint; "" for none. `beta`: weight of the hint, > 0.
    objective : the measure of `evaluation` that students are judged by; "" is accuracy, or of numbers r2.
    epochs, batch_size, patience : as in `train.fit`.

    Raises InvalidParameter for `beta`, whether or not there is a hint.
    """

    task: Task
    encoder: Encoder
    build: Callable[[int], "keras.Model"]
    train: Lessons
    validation: Lessons
    layer: str = ""
    beta: float = 0.5
    objective: str = ""
    epochs: int = 20
    batch_size: int = 256
    patience: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise InvalidParameter("beta", "a number > 0", self.beta)

    def taught(self, setting: Setting, seed: int, *, progress: bool = True) -> tuple[KerasModel, History]:
        """A student trained as `distill` does; errors are its."""
        student, rows, check = self._untrained(seed), self.train, self.validation
        hint = None
        if self.layer and rows.features is not None:
            hint = Hint(self.layer, rows.features, check.features, self.beta)
        history = distill(
            rows.scores,
            student.network,
            rows.inputs,
            rows.target,
            temperature=setting.temperature,
            alpha=setting.alpha,
            hint=hint,
            validation=(check.inputs, check.target, check.scores),
            weight=rows.weight,
            epochs=self.epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            seed=seed,
            progress=progress,
        )
        return student, history

    def alone(self, seed: int, *, progress: bool = True) -> tuple[KerasModel, History]:
        """The same student trained on the labels alone: same start, same order of rows, same epochs."""
        student, rows, check = self._untrained(seed), self.train, self.validation
        history = fit(
            student.network,
            rows.inputs,
            rows.target,
            validation=(check.inputs, check.target),
            weight=rows.weight,
            epochs=self.epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            seed=seed,
            progress=progress,
        )
        return student, history

    @property
    def figure(self) -> str:
        """The measure that students are judged by."""
        return self.objective or ("r2" if self.task.kind == "regression" else "accuracy")

    def judged(self, student: KerasModel, rows: Lessons) -> float:
        """The figure of a student on rows."""
        return self.figure_of(student.score(rows.inputs), rows)

    def figure_of(self, scores: np.ndarray, rows: Lessons) -> float:
        """The figure of any scores of rows, the teacher's too; InvalidParameter where it is no measure."""
        groups = pd.DataFrame(index=range(len(rows.target)))
        measures = evaluation(self.task, rows.target, scores, groups, rows.weight)
        values = {measure.name: measure.value for measure in measures}
        if self.figure not in values:
            rule = f"a measure of the task ({did_you_mean(self.figure, values)})"
            raise InvalidParameter("objective", rule, self.objective)
        return values[self.figure]

    def compare(self, first: KerasModel, setting: Setting, seeds: Sequence[int], test: Lessons) -> Comparison:
        """`first`, taught from the first seed, and one from each other, beside the same trained alone."""
        students = [first, *(self.taught(setting, seed, progress=False)[0] for seed in seeds[1:])]
        rivals = [self.alone(seed, progress=False)[0] for seed in seeds]
        return Comparison(
            self.figure,
            self.figure_of(test.scores, test),
            tuple(seeds),
            tuple(self.judged(student, test) for student in rivals),
            tuple(self.judged(student, test) for student in students),
        )

    def _untrained(self, seed: int) -> KerasModel:
        # Before minutes of training: whether the network fits the task.
        return KerasModel(self.build(seed), self.encoder, self.task)

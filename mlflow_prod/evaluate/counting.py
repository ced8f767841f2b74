"""What is counted of scored rows: all that the figures of a task are made of, by slice."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate.losses import losses
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.profile import Cells, Layout, Scale, Slices

# Row values that are summed up: of classes as `losses` has them, and of regression with the error e, the
# target y and its distance d to the centre. "0" tells rows whose target is 0, of which |e/y| is no number.
LOSSES = ("log_loss", "brier")
POWERS = ("e", "|e|", "e2", "d", "d2", "e2d", "e2d2", "d3", "e|e|", "|e/y|", "0")
TENTHS = 10


@dataclass(frozen=True)
class Counting:
    """How rows are counted.

    Parameters
    ----------
    columns, crosses : as of `Layout`.
    scale : the bins of the scores of classes.
    centre : of regression: near the mean of the target, so that no sum of squares cancels.
    weighted : whether rows carry weights.

    Cells hold counts by class and bin (binary), by class and likeliest class (multiclass), or of rows
    (regression). Their marks are what the score came to in each tenth of it (binary), or counts by question,
    answer and bin, and the same of the likeliest class's score (multiclass). The questions are yes or no: was
    the likeliest class right, and of each class whether it was the row's. Those that were counted alike add.
    """

    task: Task
    columns: tuple[str, ...]
    scale: Scale
    crosses: tuple[tuple[int, ...], ...] = ()
    centre: float = 0.0
    weighted: bool = False

    def cells(self) -> Cells:
        """Cells that hold nothing yet."""
        classes = len(self.task.classes)
        inner = {"binary": (2, self.scale.bins), "multiclass": (classes, classes), "regression": (1,)}
        values = len(POWERS) if self.task.kind == "regression" else len(LOSSES)
        # Of two classes the bins tell them nearly as well, and cost nothing more.
        summed = self.task.kind != "binary"
        marks = {"binary": TENTHS, "multiclass": self._answers + TENTHS, "regression": 0}[self.task.kind]
        layout = Layout(
            self.columns, self.crosses, inner[self.task.kind], values, self.weighted, summed, marks
        )
        return Cells(layout)

    def add(self, cells: Cells, rows: Rows, groups: Sequence[pa.Array]) -> None:
        """Counts a batch: `groups` holds an array of its rows for each column."""
        if self.task.kind == "regression":
            inner = np.zeros(len(rows.target), np.int32)
            cells.add(groups, inner, _powers(rows, self.centre), rows.weight)
        elif self.task.kind == "binary":
            places = self.scale.place(rows.scores)
            said = self.scale.tenths.take(places, mode="clip"), _weighted(rows.scores, rows)
            cells.add(groups, rows.target * self.scale.bins + places, losses(rows), rows.weight, [said])
        else:
            inner = rows.target * len(self.task.classes) + rows.predicted
            cells.add(groups, inner, losses(rows), rows.weight, self._marks(rows))

    def questions(self, slices: Slices) -> tuple[np.ndarray, np.ndarray]:
        """Of more than two classes, from the marks: (answers (s, 1 + classes, 2, bins), scores (s, tenths)).

        The first question is whether the likeliest class was right. NaN where there are no marks.
        """
        marks = slices.marks
        if marks is None:
            marks = np.full((len(slices.cuts), self._answers + TENTHS), np.nan)
        answers = marks[:, : self._answers].reshape(-1, 1 + len(self.task.classes), 2, self.scale.bins)
        return answers, marks[:, self._answers :]

    @property
    def _answers(self) -> int:
        return (1 + len(self.task.classes)) * 2 * self.scale.bins

    def _marks(self, rows: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        once, bins = _weighted(np.ones(len(rows.target)), rows), self.scale.bins
        likeliest = rows.predicted
        top = rows.scores[np.arange(len(likeliest)), likeliest]
        asked = [(likeliest == rows.target, top)]
        # One class at a time: of a thousand classes all would fill the memory.
        of_classes = ((rows.target == code, rows.scores[:, code]) for code in range(len(self.task.classes)))
        for number, (yes, scores) in enumerate(itertools.chain(asked, of_classes)):
            places = self.scale.place(np.ascontiguousarray(scores))
            yield (2 * number + yes) * bins + places.astype(np.int32), once
        tenths = self.scale.tenths.take(self.scale.place(top), mode="clip")
        yield self._answers + tenths, _weighted(top, rows)


@dataclass(frozen=True)
class Counts:
    """What one pass over scored rows leaves; every table of figures is derived from it.

    `a + b` is as if one had counted the rows of both (`Cells`): counts are equal, sums to 1e-12 relative.
    """

    counting: Counting
    cells: Cells

    @cached_property
    def slices(self) -> Slices:
        """The counts slice by slice, all rows first."""
        return self.cells.slices()

    def __add__(self, other: "Counts") -> "Counts":
        """The counts of both; DataError where they were counted otherwise."""
        if self.counting != other.counting:
            raise DataError("counts add only where one `Counting` made both: same columns, bins and centre")
        return Counts(self.counting, self.cells + other.cells)


def _powers(rows: Rows, centre: float) -> np.ndarray:
    e, d = rows.scores - rows.target, rows.target - centre
    absolute, e2, d2 = np.abs(e), e**2, d**2
    none = rows.target == 0
    with np.errstate(over="ignore"):
        # Of targets next to 0 infinite, which its figure then tells as unknown.
        relative = np.divide(absolute, np.abs(rows.target), out=np.zeros_like(e), where=~none)
    return np.stack([e, absolute, e2, d, d2, e2 * d, e2 * d2, d2 * d, e * absolute, relative, none])


def _weighted(values: np.ndarray, rows: Rows) -> np.ndarray:
    return values if rows.weight is None else values * rows.weight

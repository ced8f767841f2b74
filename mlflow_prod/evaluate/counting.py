"""What is counted of scored rows: all that the figures of a task are made of, by slice."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate.losses import losses
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.profile import Cells, Layout, Scale, Slices

# Row values that are summed up: of classes as `losses` has them, and of regression with the error e and the
# target's distance d to the centre.
LOSSES = ("log_loss", "brier")
POWERS = ("e", "|e|", "e2", "d", "d2", "e2d", "e2d2", "d3")


@dataclass(frozen=True)
class Counting:
    """How rows are counted.

    Parameters
    ----------
    columns, crosses : as of `Layout`.
    scale : the bins of a binary task's scores.
    centre : of regression: near the mean of the target, so that no sum of squares cancels.
    weighted : whether rows carry weights.

    Cells hold counts by class and bin (binary), by class and likeliest class (multiclass), or of rows
    (regression). Those that were counted alike add.
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
        return Cells(Layout(self.columns, self.crosses, inner[self.task.kind], values, self.weighted, summed))

    def add(self, cells: Cells, rows: Rows, groups: Sequence[pa.Array]) -> None:
        """Counts a batch: `groups` holds an array of its rows for each column."""
        cells.add(groups, self._inner(rows), self._values(rows), rows.weight)

    def _inner(self, rows: Rows) -> np.ndarray:
        if self.task.kind == "binary":
            return rows.target * self.scale.bins + self.scale.place(rows.scores)
        if self.task.kind == "multiclass":
            return rows.target * len(self.task.classes) + rows.predicted
        return np.zeros(len(rows.target), np.int32)

    def _values(self, rows: Rows) -> np.ndarray:
        if self.task.kind != "regression":
            return losses(rows)
        e, d = rows.scores - rows.target, rows.target - self.centre
        e2, d2 = e**2, d**2
        return np.stack([e, np.abs(e), e2, d, d2, e2 * d, e2 * d2, d2 * d])


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

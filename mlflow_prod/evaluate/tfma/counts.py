"""What the metrics of TensorFlow Model Analysis are made of, counted in one pass."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow as pa

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate.cuts import Column
from mlflow_prod.evaluate.figures import Figure, Whole, average
from mlflow_prod.evaluate.losses import losses
from mlflow_prod.evaluate.one_pass import Source, first_rows, one_pass
from mlflow_prod.evaluate.read import Reading
from mlflow_prod.evaluate.rows import NO_WEIGHT, Rows
from mlflow_prod.profile import Cells, Layout, Scale, Slices
from mlflow_prod.profile.wire import pack, unpack

# The classes that are told from all others, each with its weight; of none the answers as they are.
View = tuple[tuple[int, float], ...]
AS_IT_IS: View = ()
# In so many slices 10,000 bins of scores take 50 MB, and 150 MB with weights.
FEW_SLICES = 256
# One class told from all others.
ONE = Task("binary", "one class", ("others", "this"))


def _squared_log(rows: Rows) -> np.ndarray:
    if min(rows.target.min(), rows.scores.min()) <= -1:
        raise DataError("MeanSquaredLogarithmicError needs labels and predictions > -1: leave it out")
    return np.square(np.log1p(rows.target) - np.log1p(rows.scores))


def _percent(rows: Rows) -> np.ndarray:
    known = rows.target != 0
    error = 100 * np.abs(rows.target - rows.scores)
    return np.divide(error, np.abs(rows.target), out=np.zeros(len(error)), where=known)


def _surprise(rows: Rows) -> np.ndarray:
    total = rows.scores.sum(axis=1, keepdims=True)
    if not (total > 0).all():
        raise DataError("scores must have a positive one among the classes of each row")
    return losses(Rows(rows.task, rows.target, rows.scores / total, rows.weight))[0]


# Values of rows whose means are metrics: of labels and predictions that are numbers, of two classes 0 and 1.
VALUES: dict[str, Callable[[Rows], np.ndarray]] = {
    "label": lambda rows: rows.target,
    "prediction": lambda rows: rows.scores,
    "absolute": lambda rows: np.abs(rows.scores - rows.target),
    "squared": lambda rows: np.square(rows.scores - rows.target),
    "squared_log": _squared_log,
    "percent": _percent,
    "not_zero": lambda rows: rows.target != 0,
    "log_loss": lambda rows: losses(rows)[0],
    "surprise": _surprise,
    "hit": lambda rows: rows.predicted == rows.target,
}


@dataclass(frozen=True)
class Counted:
    """Counts of one view, slice by slice: by class and score bin of two classes, otherwise of rows.

    values : what `slices.sums` are of, names of VALUES.
    """

    slices: Slices
    scale: Scale
    values: tuple[str, ...]

    def mean(self, value: str) -> Figure:
        """The mean of a value of VALUES."""
        return average(Whole.of(self.slices), *self.slices.sums[:, self.values.index(value)].T)

    def total(self, value: str) -> np.ndarray:
        """Its weighted sum, (s,)."""
        found: np.ndarray = self.slices.sums[:, self.values.index(value), 0]
        return found

    def first(self, threshold: float) -> int:
        """The first bin of scores that are greater than a threshold."""
        edge = above(threshold)
        return self.scale.bins if edge is None else self.scale.first(edge)


def above(threshold: float) -> float | None:
    """The edge from which up scores are greater than a threshold; None where none can be."""
    if threshold >= 1:
        return None
    return math.nextafter(threshold, math.inf) if threshold >= 0 else 0.0


@dataclass(frozen=True)
class Plan:
    """What is to be counted of scored rows.

    Parameters
    ----------
    groupings : columns that are cut by together, sorted; () is all rows.
    views : with the names of VALUES that are summed up of each.
    edges : from which up counts of scores are exact, each in [0, 1].
    wished : these and more, instead, where slices are few enough to hold all of them.
    weightings : whether rows count by their weight, or alike; or both.
    """

    groupings: tuple[tuple[str, ...], ...]
    views: dict[View, tuple[str, ...]]
    edges: tuple[float, ...]
    wished: tuple[float, ...]
    weightings: tuple[bool, ...]

    def counted(
        self, source: Source, task: Task, score: Sequence[str], weight: str
    ) -> dict[tuple[View, bool], Counted]:
        """The counts of each view, weighted or not, in one pass over the rows; errors as of `count`."""
        cuts = tuple(Column(name) for name in sorted(set(chain(*self.groupings))))
        reading = Reading(task, tuple(score), cuts, weight if True in self.weightings else "")
        titles = tuple(cut.name for cut in cuts)
        counter = _Counter(self, task, titles, self._scale(reading, first_rows(source, reading)))
        found = one_pass(source, reading, counter, Tally.from_bytes)
        for cells in found.cells:
            if lost := set(cells.left_out) & set(self.groupings):
                raise DataError(
                    f"{' x '.join(min(lost))} has more than 4,096 slices: cut by columns of fewer values"
                )
            if reading.weight and not cells.weight > 0:
                raise DataError(NO_WEIGHT)
        counted = zip(self.kinds, found.cells, strict=True)
        return {kind: Counted(cells.slices(), counter.scale, self.views[kind[0]]) for kind, cells in counted}

    @property
    def kinds(self) -> list[tuple[View, bool]]:
        """Each view, weighted or not."""
        return [(view, weighted) for view in self.views for weighted in self.weightings]

    def _scale(self, reading: Reading, first: pa.RecordBatch) -> Scale:
        # As far as the first rows show: later ones have few values that are new.
        levels = {cut.name: len(cut.of(first).unique()) for cut in reading.cuts}
        slices = sum(math.prod(levels[name] for name in grouping) for grouping in self.groupings)
        return Scale.logits(self.wished if slices <= FEW_SLICES else self.edges)

    def layout(
        self, task: Task, columns: tuple[str, ...], scale: Scale, view: View, weighted: bool
    ) -> Layout:
        """How one of `kinds` is counted."""
        crosses = sorted({grouping for grouping in self.groupings if len(grouping) > 1})
        places = tuple(tuple(columns.index(name) for name in grouping) for grouping in crosses)
        inner = (2, scale.bins) if view or task.kind == "binary" else (1,)
        weighs = weighted or any(share != 1 for _, share in view)
        return Layout(columns, places, inner, len(self.views[view]), weighs, summed=True)


@dataclass(frozen=True)
class Tally:
    """The counts of each view, weighted or not, in the order of `Plan.kinds`; they add as `Cells` do."""

    cells: tuple[Cells, ...]

    def __add__(self, other: "Tally") -> "Tally":
        """The counts of the rows of both."""
        return Tally(tuple(mine + theirs for mine, theirs in zip(self.cells, other.cells, strict=True)))

    def to_bytes(self) -> bytes:
        """What `from_bytes` makes equal counts of."""
        return pack({}, [np.frombuffer(cells.to_bytes(), np.uint8) for cells in self.cells])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Tally":
        """The inverse of `to_bytes`, strict: anything else raises DataError."""
        _, arrays = unpack(data)
        return cls(tuple(Cells.from_bytes(array.astype(np.uint8).tobytes()) for array in arrays))


@dataclass(frozen=True)
class _Counter:
    """Counts rows as a plan asks for, in bins of `scale`."""

    plan: Plan
    task: Task
    columns: tuple[str, ...]
    scale: Scale

    def cells(self) -> Tally:
        layouts = (self.plan.layout(self.task, self.columns, self.scale, *kind) for kind in self.plan.kinds)
        return Tally(tuple(map(Cells, layouts)))

    def add(self, cells: Tally, rows: Rows, groups: Sequence[pa.Array]) -> None:
        for one, (view, weighted) in zip(cells.cells, self.plan.kinds, strict=True):
            for part in parts(rows, view, weighted):
                summed = [VALUES[name](part) for name in self.plan.views[view]]
                values = np.array(summed, np.float64) if summed else None
                one.add(groups, _inner(part, self.scale), values, part.weight)


def parts(rows: Rows, view: View, weighted: bool) -> Iterator[Rows]:
    """The rows as they are, or once for each class of a view; weighted by themselves, by class, or both."""
    mass = rows.weight if weighted else None
    if view == AS_IT_IS:
        yield replace(rows, weight=mass)
    for code, share in view:
        both = mass
        if any(other != 1 for _, other in view):
            both = np.ones(len(rows.target)) * share if mass is None else mass * share
        yield Rows(ONE, (rows.target == code).astype(np.int32), rows.scores[:, code], both)


def _inner(rows: Rows, scale: Scale) -> np.ndarray:
    if rows.task.kind == "binary":
        return rows.target * scale.bins + scale.place(rows.scores)
    return np.zeros(len(rows.target), np.int32)

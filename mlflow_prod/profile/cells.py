"""Counts of rows by slice, which add."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from mlflow_prod.errors import DataError, shown
from mlflow_prod.profile import kernels
from mlflow_prod.profile.levels import Levels
from mlflow_prod.profile.table import Grouping, Table, fits
from mlflow_prod.profile.threads import on_all_cores
from mlflow_prod.profile.wire import pack, unpack

VERSION = 1
Slice = tuple[tuple[str, str], ...]
# Of so many sums two columns are cut by together, as of the sums of values.
NARROW = 64


@dataclass(frozen=True)
class Layout:
    """What is counted in a cell, and which columns cut cells together.

    Parameters
    ----------
    columns : names, each once.
    crosses : the columns, by position, that are cut by together; two or more each.
    inner : shape of the counts in a cell, such as (classes, bins of scores).
    values : how many values of rows are summed up, for all rows and in the cells of single columns.
    weighted : whether rows carry weights: then sums of weights and of their squares stand beside the counts.
    summed : whether values are summed up in crosses, too.
    marks : how many sums of amounts are kept for all rows and in the cells of single columns, to which a row
        may add in several places.
    """

    columns: tuple[str, ...]
    crosses: tuple[Grouping, ...]
    inner: tuple[int, ...]
    values: int = 0
    weighted: bool = False
    summed: bool = False
    marks: int = 0

    @property
    def width(self) -> int:
        """Counts in a cell."""
        return int(np.prod(self.inner))


NOTHING = Layout((), (), ())


@dataclass(frozen=True)
class Slices:
    """What was counted in each slice that has rows; the first is all rows.

    `cuts`: (s,) pairs of column and value. `rows`: (s, *inner) int64; `mass`, `squares`: the same of weights
    and of their squares, float64, and equal to `rows` where there are none. `sums`: (s, values, 3) float64,
    of w v, w^2 v and w^2 v^2 with a row's weight w and value v; NaN in crosses unless the layout sums there.
    `marks`: (s, marks) float64, NaN in crosses and for a column of too many values; None where none are kept.
    """

    cuts: tuple[Slice, ...]
    rows: np.ndarray
    mass: np.ndarray
    squares: np.ndarray
    sums: np.ndarray
    marks: np.ndarray | None = None

    @cached_property
    def totals(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(rows, mass, squares), each (s,), whatever is told apart in the cells."""
        rows, mass, squares = (
            counts.reshape(len(self.cuts), -1).sum(axis=1) for counts in (self.rows, self.mass, self.squares)
        )
        return rows, mass, squares

    def parts(self, most: int) -> Iterator["Slices"]:
        """The same in order, so many slices at a time."""
        for start in range(0, len(self.cuts), most):
            of = slice(start, start + most)
            marks = None if self.marks is None else self.marks[of]
            yield Slices(self.cuts[of], self.rows[of], self.mass[of], self.squares[of], self.sums[of], marks)


class Cells:
    """Counts of rows by slice, of batches that are added one by one.

    `a + b` is as if one had counted the rows of both: counts are equal, sums to 1e-12 relative, in any order
    and grouping. What does not fit (`table.fits`) is left out, whatever came first.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._levels = [Levels() for _ in layout.columns]
        crossed = set(itertools.chain(*layout.crosses))
        alone = [(column,) for column in range(len(layout.columns)) if column not in crossed]
        counted = [*layout.crosses, *alone]
        space = [0] * len(layout.columns)
        self._counts = {"rows": Table(counted, space, layout.width, np.dtype(np.int64))}
        for name in ("mass", "squares") if layout.weighted else ():
            self._counts[name] = Table(counted, space, layout.width, np.dtype(np.float64))
        # Two columns together, told apart later: half the work, and fewer rows that wait for the sum
        # that the row before them was added to.
        columns = range(len(layout.columns))
        two = [tuple(columns[at : at + 2]) for at in columns[::2]]
        summed = counted if layout.summed else two
        self._sums = Table(summed, space, 3 * layout.values, np.dtype(np.float64))
        # Wide cells of two columns together would be many.
        marked = two if layout.marks <= NARROW else [(at,) for at in columns]
        self._marks = Table(marked, space, layout.marks, np.dtype(np.float64))

    def add(
        self,
        groups: Sequence[pa.Array],
        inner: np.ndarray,
        values: np.ndarray | None = None,
        weight: np.ndarray | None = None,
        marks: Iterable[tuple[np.ndarray, np.ndarray]] = (),
    ) -> None:
        """Counts a batch of n rows.

        Parameters
        ----------
        groups : an array (n,) for each column.
        inner : (n,) integers, where in the flattened counts of its cells a row belongs.
        values : (values, n) float64, to be summed up.
        weight : (n,) float64, >= 0; where the layout says so.
        marks : places (n,) int32 below the layout's `marks`, and amounts (n,) float64 that are added there.
        """
        if [len(column) for column in groups] != [len(inner)] * len(self._levels):
            lengths = [len(column) for column in groups]
            raise DataError(f"groups must be {len(self._levels)} columns of {len(inner)} rows, got {lengths}")
        codes = [levels.encode(column) for levels, column in zip(self._levels, groups, strict=True)]
        self._make_room()
        stacked = np.stack(codes) if codes else np.empty((0, len(inner)), np.uint8)
        place = np.asarray(inner, np.int32)
        rows = self._counts["rows"]
        _run(kernels.count, stacked, rows, place, rows.width)
        if weight is not None:
            for name, amounts in (("mass", weight), ("squares", np.square(weight))):
                _run(kernels.weigh, stacked, self._counts[name], place, amounts, rows.width)
        if values is not None and weight is None:
            _run(kernels.add_up, stacked, self._sums, values)
        elif values is not None:
            _run(kernels.add_up_weighted, stacked, self._sums, values, weight)
        for places, amounts in marks:
            _run(kernels.weigh, stacked, self._marks, places, amounts, self._marks.width)

    def __add__(self, other: "Cells") -> "Cells":
        """The counts of both; DataError where they count different things."""
        if self.layout != other.layout:
            raise DataError("cells add only where they count the same columns, crosses and bins")
        total = Cells(self.layout)
        for part in (self, other):
            both = zip(total._levels, part._levels, strict=True)
            numbers = [mine.number(theirs.names) for mine, theirs in both]
            total._make_room()
            for name, table in part._counts.items():
                total._counts[name].take(table, numbers)
            total._sums.take(part._sums, numbers)
            total._marks.take(part._marks, numbers)
        return total

    def _make_room(self) -> None:
        space = [len(levels) for levels in self._levels]
        self._counts = {name: table.grown(space) for name, table in self._counts.items()}
        self._sums = self._sums.grown(space)
        self._marks = self._marks.grown(space)

    @property
    def weight(self) -> float:
        """Of all rows; their number where they carry none."""
        return float(self._counts.get("mass", self._counts["rows"]).of(()).sum())

    def to_bytes(self) -> bytes:
        """What `from_bytes` makes equal counts of."""
        # Tables then have the order that follows from the layout, whatever the one they were grown in.
        same = Cells(self.layout) + self
        levels = [levels.names for levels in same._levels]
        head = {"version": VERSION, "layout": asdict(self.layout), "levels": levels}
        return pack(head, [table.flat for table in same._tables()])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Cells":
        """The inverse of `to_bytes`, strict: anything else raises DataError."""
        head, arrays = unpack(data)
        if head.get("version") != VERSION:
            raise DataError(
                f"version of counts of slices must be {VERSION}, got {shown(head.get('version'))}"
            )
        try:
            cells = cls(_layout(head["layout"]))
            for levels, names in zip(cells._levels, head["levels"], strict=True):
                if levels.number(map(_text, names)).tolist() != [*range(len(names))]:
                    raise ValueError("a category is there twice, or there are too many")
            cells._make_room()
            for table, array in zip(cells._tables(), arrays, strict=True):
                if (table.flat.dtype, len(table.flat)) != (array.dtype, len(array)):
                    raise ValueError("the numbers do not fit the slices")
                table.flat[:] = array
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(f"these bytes are no counts of slices: {problem}") from problem
        return cells

    def _tables(self) -> list[Table]:
        return [*self._counts.values(), self._sums, self._marks]

    @property
    def left_out(self) -> tuple[tuple[str, ...], ...]:
        """The columns, and the crosses of the layout, that do not fit (`table.fits`)."""
        shown, names = set(self._shown()), self.layout.columns
        return tuple(tuple(names[at] for at in one) for one in self._asked() if one not in shown)

    def slices(self) -> Slices:
        """Everything that was counted, slice by slice: all rows, single columns, crosses; values sorted."""
        cuts: list[Slice] = []
        parts: dict[str, list[np.ndarray]] = {name: [] for name in (*self._counts, "sums", "marks")}
        space = [len(levels) for levels in self._levels]
        for grouping in self._shown():
            texts = [sorted(self._levels[at].names) for at in grouping]
            order = [self._levels[at].number(names) for at, names in zip(grouping, texts, strict=True)]
            place = np.ix_(*order) if grouping else ...
            counts = {name: _flat(table.of(grouping)[place]) for name, table in self._counts.items()}
            # All rows are shown even where there are none.
            seen = np.asarray(counts["rows"].any(axis=1)) | (not grouping)
            columns = [self.layout.columns[at] for at in grouping]
            named = (tuple(zip(columns, values, strict=True)) for values in itertools.product(*texts))
            cuts += itertools.compress(named, seen.tolist())
            for name, table in counts.items():
                parts[name].append(table[seen])
            if len(grouping) < 2 or self.layout.summed:
                parts["sums"].append(_flat(self._sums.of(grouping)[place])[seen])
            else:
                parts["sums"].append(np.full((seen.sum(), 3 * self.layout.values), np.nan))
            if len(grouping) < 2 and fits(grouping, space, self.layout.marks):
                parts["marks"].append(_flat(self._marks.of(grouping)[place])[seen])
            else:
                parts["marks"].append(np.full((seen.sum(), self.layout.marks), np.nan))
        found = {name: np.concatenate(arrays) for name, arrays in parts.items()}
        rows = found["rows"].reshape(-1, *self.layout.inner)
        whole = rows.astype(np.float64)
        mass, squares = (
            found[name].reshape(rows.shape) if name in found else whole for name in ("mass", "squares")
        )
        sums = found["sums"].reshape(len(cuts), self.layout.values, 3)
        if not self.layout.weighted:
            sums[..., 1] = sums[..., 0]
        marks = found["marks"] if self.layout.marks else None
        return Slices(tuple(cuts), rows, mass, squares, sums, marks)

    def _asked(self) -> list[Grouping]:
        """All rows, each column, and the layout's crosses."""
        return [(), *((at,) for at in range(len(self._levels))), *self.layout.crosses]

    def _shown(self) -> list[Grouping]:
        space = [len(levels) for levels in self._levels]
        return [grouping for grouping in self._asked() if fits(grouping, space, self.layout.width)]


def _run(kernel: Callable[..., None], codes: np.ndarray, table: Table, *given: Any) -> None:
    """Adds to a table what a kernel makes of rows, some groupings at a time on each core."""

    def some(of: slice) -> None:
        kernel(codes, table.strides[of], table.starts[of], *given, table.flat)

    on_all_cores(some, len(table.starts))


def _layout(told: dict[str, Any]) -> Layout:
    """A layout from its JSON values; ValueError, TypeError or KeyError for others."""
    crosses = tuple(tuple(cross) for cross in told["crosses"])
    layout = Layout(
        **{**told, "columns": tuple(told["columns"]), "crosses": crosses, "inner": tuple(told["inner"])}
    )
    positions = set(range(len(layout.columns)))
    sound = len(set(map(_text, layout.columns))) == len(positions) and all(
        len(cross) > 1 and set(cross) <= positions and len(set(cross)) == len(cross) for cross in crosses
    )
    whole = [*layout.inner, *itertools.chain(*crosses)]
    whole += [value for name, value in asdict(layout).items() if type(getattr(NOTHING, name)) is int]
    if not sound or any(type(number) is not int or number < 0 for number in whole):
        raise ValueError("the layout is none")
    if any(type(value) is not type(getattr(NOTHING, name)) for name, value in asdict(layout).items()):
        raise ValueError("the layout is none")
    return layout


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{shown(value)} is no text")
    return value


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(int(np.prod(array.shape[:-1])), array.shape[-1])

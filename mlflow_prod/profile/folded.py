"""A column's counts as they may be stored: cells of ten rows and more."""

import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from mlflow_prod.errors import DataError
from mlflow_prod.profile import radix
from mlflow_prod.profile.categories import Categories
from mlflow_prod.profile.column import Column
from mlflow_prod.profile.histogram import Histogram

# Each kind, and how a message calls it.
WORDS = {"number": "numbers", "boolean": "booleans", "date": "dates", "category": "texts"}
# Cells of a column that hold rows: a quantile is known to half a percent, and a column takes some kilobytes.
CELLS = 200
# Counts of fewer rows would speak of persons: they are folded.
LEAST_ROWS = 10
LARGEST = sys.float_info.max
INFINITE = int(radix.keys_of(np.array([np.inf]))[0])


@dataclass(frozen=True)
class Folded:
    """How many rows fall into each cell of one column. No extreme and no rare text can be read back.

    Parameters
    ----------
    kind : what the values are; dates in seconds since 1970-01-01 UTC.
    cuts : of numbers ascending, k of them: cells (-inf, c1), [c1, c2), ... [ck, inf). A number that many
        rows have is a cell from it to the next float64, between empty ones. Of texts those that have a cell
        each, the commonest first.
    counts : one for each cell in that order, k + 1 in number; of texts the last counts all others.
    missing, infinite : rows without a value, and rows with an infinite one.
    """

    kind: Literal["number", "boolean", "date", "category"]
    cuts: tuple[float, ...] | tuple[str, ...]
    counts: tuple[int, ...]
    missing: int = 0
    infinite: int = 0

    @classmethod
    def of(cls, column: Column) -> "Folded":
        """Some 200 cells of about equal shares, of ten rows at least; of texts the 200 commonest of such.

        A number that has a cell's share of the rows has one for itself, and so has each number of ten rows
        where there are at most 200 different ones.
        """
        if isinstance(column, Categories):
            common = sorted(
                ((text, rows) for text, rows in column.counts.items() if rows >= LEAST_ROWS),
                key=lambda pair: (-pair[1], pair[0]),
            )[:CELLS]
            kept = [rows for _, rows in common]
            others = column.rows - column.missing - sum(kept)
            return cls("category", tuple(text for text, _ in common), (*kept, others), column.missing)
        keys, counts = _cells(column.histogram)
        cuts = tuple(radix.values_of(np.array(keys, np.int64)).tolist())
        return cls(column.kind, cuts, tuple(counts), column.missing, column.infinite)

    @property
    def rows(self) -> int:
        """Rows counted, missing ones among them."""
        return sum(self.counts) + self.missing + self.infinite

    def beside(self, column: Column, name: str) -> tuple[np.ndarray, np.ndarray]:
        """These counts and those of other rows in the same cells, each (cells + 2,) int64.

        The last two are infinite and missing ones. Both sides are counted exactly: where a bucket of the
        other column lies across a cut, the cut is moved within a cell without rows beside it, or dropped;
        where over 10,000 texts came, those of the baseline that went uncounted are among others on both.
        Raises DataError naming the column where one holds numbers, texts or dates and the other does not.
        """
        held = "category" if isinstance(column, Categories) else column.kind
        infinite = 0 if isinstance(column, Categories) else column.infinite
        if column.rows == column.missing:
            first, second = list(self.counts), [0] * len(self.counts)
        elif self.kind != held and not {self.kind, held} <= {"number", "boolean"}:
            raise DataError(f"column {name!r} holds {WORDS[held]}, where the baseline has {WORDS[self.kind]}")
        elif isinstance(column, Categories):
            first, second = self._texts(column)
        else:
            first, second = self._cut(column.histogram)
        return np.array([*first, self.infinite, self.missing]), np.array([*second, infinite, column.missing])

    def _texts(self, column: Categories) -> tuple[list[int], list[int]]:
        texts = [str(text) for text in self.cuts]
        # A text that the other column would not have counted, if it had come, is one of all others here, too.
        counted = column.would_count(texts)
        first = [rows for rows, known in zip(self.counts, counted, strict=False) if known]
        second = [column.counts.get(text, 0) for text, known in zip(texts, counted, strict=True) if known]
        others = column.rows - column.missing - sum(second)
        return [*first, sum(self.counts) - sum(first)], [*second, others]

    def _cut(self, histogram: Histogram) -> tuple[list[int], list[int]]:
        start, last, counts = histogram.buckets()
        reached = np.concatenate([[0], np.cumsum(counts)]).tolist()
        cuts = radix.keys_of(np.array(self.cuts, np.float64)).tolist()
        # With ends beyond all keys, so that the outer cells are like the others.
        cuts = [-INFINITE, *cuts, INFINITE]
        places = np.searchsorted(last, cuts).tolist()
        kept: list[tuple[int, int, int]] = []
        below = 0
        for number in range(1, len(cuts) - 1):
            below += self.counts[number - 1]
            cut, at = cuts[number], places[number]
            if at < len(start) and start[at] < cut:
                if not self.counts[number] and last[at] < cuts[number + 1]:
                    cut, at = int(last[at]) + 1, at + 1
                elif not self.counts[number - 1] and start[at] >= cuts[number - 1]:
                    cut = int(start[at])
                else:
                    continue
            if not kept or kept[-1][0] < cut:
                kept.append((cut, below, reached[at]))
        ours, theirs = ([0, *(cut[side] for cut in kept)] for side in (1, 2))
        return (
            np.diff([*ours, sum(self.counts)]).tolist(),
            np.diff([*theirs, reached[-1]]).tolist(),
        )

    def to_dict(self) -> dict[str, Any]:
        """The column as JSON values."""
        return {
            "kind": self.kind,
            "cuts": list(self.cuts),
            "counts": list(self.counts),
            "missing": self.missing,
            "infinite": self.infinite,
        }

    @classmethod
    def from_dict(cls, values: Any) -> "Folded":
        """The inverse of `to_dict`, strict: anything else raises DataError."""
        expected = {"kind", "cuts", "counts", "missing", "infinite"}
        if not isinstance(values, dict) or set(values) != expected:
            raise DataError(f"a column of a baseline must have exactly the keys {sorted(expected)}")
        kind, cuts, counts = values["kind"], values["cuts"], values["counts"]
        if kind not in tuple(WORDS):
            raise DataError(f"kind of a column must be one of {', '.join(WORDS)}, got {kind!r}")
        if not isinstance(cuts, list) or not isinstance(counts, list) or len(counts) != len(cuts) + 1:
            raise DataError("cuts and counts of a column must be lists, the counts one longer")
        sizes = [*counts, values["missing"], values["infinite"]]
        if not all(type(size) is int and size >= 0 for size in sizes):
            raise DataError("counts of a column must be whole numbers >= 0")
        if kind == "category":
            if not all(isinstance(cut, str) for cut in cuts) or len(set(cuts)) < len(cuts):
                raise DataError("cuts of a category column must be texts, each once")
        else:
            if not all(type(cut) in (int, float) and abs(cut) <= LARGEST for cut in cuts):
                raise DataError("cuts of a numeric column must be finite numbers")
            cuts = [float(cut) for cut in cuts]
            if any(a >= b for a, b in pairwise(cuts)):
                raise DataError("cuts of a numeric column must ascend")
        return cls(kind, tuple(cuts), tuple(counts), values["missing"], values["infinite"])


@dataclass
class _Cell:
    """Rows from key `first` to before key `end`; whether these ends may be shown, as those of many rows."""

    first: int
    end: int
    rows: int
    first_shown: bool = False
    end_shown: bool = False

    def joined(self, later: "_Cell") -> "_Cell":
        rows = self.rows + later.rows
        return _Cell(self.first, later.end, rows, self.first_shown, later.end_shown)


def _cells(histogram: Histogram) -> tuple[list[int], list[int]]:
    """Keys that cut a histogram, and the counts between them."""
    cells = _grouped(histogram)
    if not cells:
        return [], [0]
    cuts, counts = [], [cells[0].rows]
    if cells[0].first_shown:
        cuts, counts = [cells[0].first], [0, cells[0].rows]
    for cell, later in pairwise(cells):
        if cell.end_shown and later.first_shown and cell.end < later.first:
            cuts.append(cell.end)
            counts.append(0)
        if cell.end_shown or later.first_shown:
            cuts.append(later.first if later.first_shown else cell.end)
        else:
            cuts.append(_between(cell.end, later.first))
        counts.append(later.rows)
    if cells[-1].end_shown and cells[-1].end < INFINITE:
        cuts.append(cells[-1].end)
        counts.append(0)
    return cuts, counts


def _between(end: int, first: int) -> int:
    """A key from `end` to `first` of few bits: seldom a row's own value, and an edge of coarser buckets."""
    low, high = radix.values_of(np.array([end, first]))
    start = int(radix.keys_of(np.array([low / 2 + high / 2]))[0])
    start = min(max(start, end), first)
    if start <= 0 <= first:
        return 0
    bits = ((start - 1) ^ first).bit_length() - 1
    return first >> bits << bits


def _grouped(histogram: Histogram) -> list[_Cell]:
    starts, lasts, counts = histogram.buckets()
    few = len(counts) <= CELLS
    enough = LEAST_ROWS if few else max(LEAST_ROWS, -(-histogram.rows // CELLS))
    cells: list[_Cell] = []
    growing = False
    for first, last, rows in zip(starts.tolist(), lasts.tolist(), counts.tolist(), strict=True):
        # Key -1 would be -0, which is counted as 0.
        cell = _Cell(first, last + 1 if last != -2 else 0, rows, rows >= enough, rows >= enough)
        if growing and not cell.first_shown:
            cells[-1] = cells[-1].joined(cell)
        else:
            cells.append(cell)
        growing = cells[-1].rows < enough
    while len(cells) > 1 and min(cell.rows for cell in cells) < LEAST_ROWS:
        at = next(number for number, cell in enumerate(cells) if cell.rows < LEAST_ROWS)
        beside = [number for number in (at - 1, at + 1) if 0 <= number < len(cells)]
        left = min(at, min(beside, key=lambda number: cells[number].rows))
        cells[left : left + 2] = [cells[left].joined(cells[left + 1])]
    return cells

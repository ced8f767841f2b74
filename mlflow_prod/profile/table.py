"""Counts for each grouping of columns, in one piece of memory that compiled loops write to."""

from collections.abc import Sequence

import numpy as np

# The columns, by position, that cut cells together; of none of them there is one cell.
Grouping = tuple[int, ...]
# More values of a column, or pairs of values of two, are no slices that anybody reads.
MOST_CELLS = 4_096
# Nor is there memory for more numbers in the cells of one grouping: 64 MB.
MOST_NUMBERS = 1 << 23


def fits(grouping: Grouping, space: Sequence[int], width: int = 1) -> bool:
    """Whether a grouping has at most MOST_CELLS cells, and MOST_NUMBERS in cells of `width`.

    `space`: how many levels each column has.
    """
    most = max(1, min(MOST_CELLS, MOST_NUMBERS // max(1, width)))
    return bool(np.prod([space[column] for column in grouping], dtype=np.int64) <= most)


class Table:
    """An array (levels of the first column, of the second, ..., width) for each grouping.

    `space`: how many levels each column has. `flat`, `starts` and `strides` are what `kernels` takes.
    """

    def __init__(
        self, groupings: Sequence[Grouping], space: Sequence[int], width: int, dtype: np.dtype
    ) -> None:
        # What all rows sum up to follows from any grouping.
        self.groupings = tuple(groupings) or ((),)
        self.space = tuple(space)
        self.width = width
        sizes = [self._cells(grouping) for grouping in self.groupings]
        self.starts = np.array([0, *np.cumsum(sizes)[:-1]], np.int64)
        self.strides = np.zeros((len(sizes), len(self.space)), np.int32)
        for number, grouping in enumerate(self.groupings):
            for at, column in enumerate(grouping):
                self.strides[number, column] = self._cells(grouping[at + 1 :])
        self.flat = np.zeros(sum(sizes) * width, dtype)

    def of(self, grouping: Grouping) -> np.ndarray:
        """The array of a grouping, or what those of more columns sum up to; KeyError where there is none."""
        holding = [held for held in self.groupings if set(grouping) <= set(held)]
        if not holding:
            raise KeyError(grouping)
        held = min(holding, key=len)
        start = self.starts[self.groupings.index(held)] * self.width
        shape = (*(self.space[column] for column in held), self.width)
        found = self.flat[start : start + np.prod(shape, dtype=np.int64)].reshape(shape)
        others = tuple(at for at, column in enumerate(held) if column not in grouping)
        # Not a copy of a grouping's own counts: they are written to.
        return found.sum(axis=others) if others else found

    def grown(self, space: Sequence[int]) -> "Table":
        """The same counts with room for more levels; a grouping that does not fit is left out.

        Its columns are then counted by themselves, as far as no other grouping holds them.
        """
        if tuple(space) == self.space:
            return self
        kept = [one for one in self.groupings if fits(one, space, self.width)]
        lost = {column for grouping in self.groupings for column in grouping} - {
            c for one in kept for c in one
        }
        kept += [(column,) for column in sorted(lost) if fits((column,), space, self.width)]
        found = Table(kept, [min(levels, MOST_CELLS + 1) for levels in space], self.width, self.flat.dtype)
        found.take(self, [np.arange(levels) for levels in self.space])
        return found

    def take(self, other: "Table", numbers: Sequence[np.ndarray]) -> None:
        """Adds another's counts, whose levels have the given numbers here, by column."""
        for grouping in self.groupings:
            place = np.ix_(*(numbers[column] for column in grouping)) if grouping else ...
            self.of(grouping)[place] += other.of(grouping)

    def _cells(self, grouping: Grouping) -> int:
        return int(np.prod([self.space[column] for column in grouping], dtype=np.int64))

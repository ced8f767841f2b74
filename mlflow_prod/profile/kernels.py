"""Compiled loops over rows: each reads a batch once and adds to counts that somebody else holds."""

import numpy as np
from numba import njit

# Mantissa bits of a float32 that `_leading` drops, and what it makes of 1; of 0 it makes 0.
DROPPED = 16
FARTHEST = 1 << 15


@njit(cache=True)
def _leading(score: float) -> int:
    # The leading bits of a float32 are nearly its logarithm: those of the distance to 0, or else to 1.
    near = np.float32(min(score, 1.0 - score))
    bits = near.view(np.int32) >> DROPPED
    return bits if score <= 0.5 else FARTHEST - bits  # type: ignore[return-value]


@njit(nogil=True, cache=True)
def place(scores: np.ndarray, edges: np.ndarray, guide: np.ndarray) -> np.ndarray:
    """The bin of each score in [0, 1], int16 (n,): how many of the ascending `edges` are <= it.

    `guide` (FARTHEST + 1,) int16: where the search starts, by the leading bits of the score.
    """
    found = np.empty(len(scores), np.int16)
    for row in range(len(scores)):
        score = scores[row]
        at = guide[_leading(score)]
        while at < len(edges) and edges[at] <= score:
            at += 1
        while at > 0 and edges[at - 1] > score:
            at -= 1
        found[row] = at
    return found


@njit(cache=True)
def _cells(codes: np.ndarray, strides: np.ndarray, start: int) -> np.ndarray:
    cells = np.full(codes.shape[1], start, np.int32)
    for column in range(len(codes)):
        if strides[column]:
            for row in range(codes.shape[1]):
                cells[row] += codes[column, row] * strides[column]
    return cells


@njit(nogil=True, cache=True)
def count(
    codes: np.ndarray,
    strides: np.ndarray,
    starts: np.ndarray,
    inner: np.ndarray,
    width: int,
    counts: np.ndarray,
) -> None:
    """Adds 1 to `counts` (cells * width,) int64 for each row and grouping.

    Parameters
    ----------
    codes : (columns, n) integers, the level of each row in each column.
    strides : (groupings, columns) int32, by which a grouping numbers its cells; 0 for columns it leaves out.
    starts : (groupings,) the first cell of each. Groupings share no cell: a thread may take some of them.
    inner : (n,) int32, where among its cell's counts a row belongs, below `width`.
    """
    for grouping in range(len(starts)):
        cells = _cells(codes, strides[grouping], starts[grouping])
        for row in range(len(inner)):
            counts[cells[row] * width + inner[row]] += 1


@njit(nogil=True, cache=True)
def weigh(
    codes: np.ndarray,
    strides: np.ndarray,
    starts: np.ndarray,
    inner: np.ndarray,
    amounts: np.ndarray,
    width: int,
    totals: np.ndarray,
) -> None:
    """Adds each row's amount (n,) to `totals` (cells * width,) float64; the rest as in `count`."""
    for grouping in range(len(starts)):
        cells = _cells(codes, strides[grouping], starts[grouping])
        for row in range(len(inner)):
            totals[cells[row] * width + inner[row]] += amounts[row]


@njit(nogil=True, cache=True)
def add_up(
    codes: np.ndarray, strides: np.ndarray, starts: np.ndarray, values: np.ndarray, sums: np.ndarray
) -> None:
    """Adds v and v^2 to the first and last of three `sums` (cells * values * 3,) for each row and value.

    `values` (values, n) float64. The rest as in `count`.
    """
    width = 3 * len(values)
    for grouping in range(len(starts)):
        cells = _cells(codes, strides[grouping], starts[grouping])
        for number in range(len(values)):
            for row in range(values.shape[1]):
                at, value = cells[row] * width + 3 * number, values[number, row]
                sums[at] += value
                sums[at + 2] += value * value


@njit(nogil=True, cache=True)
def add_up_weighted(
    codes: np.ndarray,
    strides: np.ndarray,
    starts: np.ndarray,
    values: np.ndarray,
    weight: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Adds w v, w^2 v and w^2 v^2 with a row's `weight` (n,); the rest as in `add_up`."""
    width = 3 * len(values)
    for grouping in range(len(starts)):
        cells = _cells(codes, strides[grouping], starts[grouping])
        for number in range(len(values)):
            for row in range(values.shape[1]):
                at, value, mass = cells[row] * width + 3 * number, values[number, row], weight[row]
                sums[at] += mass * value
                sums[at + 1] += mass * mass * value
                sums[at + 2] += mass * mass * value * value

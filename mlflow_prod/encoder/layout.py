"""Where each raw column goes in an encoded row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlflow_prod.encoder.column import CategoryColumn, NumberColumn


@dataclass(frozen=True)
class Layout:
    """The columns' parameters as arrays: numbers come first, then indicators, then categories.

    Parameters
    ----------
    numbers, categories : places of the number and of the category columns in the matrix.
    center, scale, filled : by number column; `filled` is the scaled value taken for a missing one.
    indicated : which of the number columns have an indicator.
    other : by category column, the code of any other or missing value.
    offset : by category column, where its one-hot columns start.
    first : where the one-hot columns start.
    width : length of an encoded row.
    """

    numbers: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    filled: np.ndarray
    indicated: np.ndarray
    categories: np.ndarray
    other: np.ndarray
    offset: np.ndarray
    first: int
    width: int

    @classmethod
    def of(cls, columns: Sequence[NumberColumn | CategoryColumn]) -> "Layout":
        """The layout of columns in this order."""
        numbers = [(at, c) for at, c in enumerate(columns) if isinstance(c, NumberColumn)]
        categories = [(at, c) for at, c in enumerate(columns) if isinstance(c, CategoryColumn)]
        indicated = [place for place, (_, c) in enumerate(numbers) if c.indicator]
        first = len(numbers) + len(indicated)
        sizes = [len(c.values) + 1 for _, c in categories]
        return cls(
            numbers=np.array([at for at, _ in numbers], np.intp),
            center=np.array([c.center for _, c in numbers]),
            scale=np.array([c.scale for _, c in numbers]),
            filled=np.array([(c.fill - c.center) / c.scale for _, c in numbers]),
            indicated=np.array(indicated, np.intp),
            categories=np.array([at for at, _ in categories], np.intp),
            other=np.array(sizes, np.float64) - 1,
            offset=first + np.cumsum([0, *sizes[:-1]], dtype=np.intp)[: len(sizes)],
            first=first,
            width=first + sum(sizes),
        )

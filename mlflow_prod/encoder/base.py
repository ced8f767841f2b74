"""What every encoder does."""

from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Encoder(Protocol):
    """Raw rows to a network's input, in two steps: `read` the values, `transform` them.

    Explanations vary what `read` returned, column by column, so each raw column is one column there.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Raw input columns; empty for images."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one encoded row, such as (17,) or (8, 8, 1)."""

    def read(self, features: Any) -> np.ndarray:
        """The raw values as numbers: table float64 (n, columns), images float32 (n, h, w, c)."""

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """float32 (n, *shape) of what `read` returned."""

    def encode(self, features: Any) -> np.ndarray:
        """`transform(read(features))`, float32 (n, *shape)."""

    def to_dict(self) -> dict[str, Any]:
        """JSON values that `from_dict` restores."""

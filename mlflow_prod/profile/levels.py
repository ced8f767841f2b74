"""The categories of a column as numbers."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlflow_prod.profile.table import MOST_CELLS

MISSING = "missing"


class Levels:
    """Numbers for the categories of one column, 0 upwards as they are first met; grows with what it meets.

    A category is known by its text: `str` of the value, and MISSING where there is none. One more than
    MOST_CELLS are kept, which says that there are too many to be slices.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """The texts by number."""
        return tuple(self._numbers)

    def encode(self, values: pa.Array) -> np.ndarray:
        """The number of each value, (n,), in the narrowest unsigned type; zeros once there are too many."""
        if len(self) > MOST_CELLS:
            return np.zeros(len(values), np.uint8)
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        # Most batches of a file share their dictionary: its few texts are looked up, not the rows.
        known = self.number(_texts(coded.dictionary.to_pylist()))
        indices = coded.indices
        if indices.null_count:
            indices = pc.fill_null(indices.cast(pa.int64()), len(known))
            known = np.append(known, self.number([MISSING]))
        if np.array_equal(known, np.arange(len(known))):
            return indices.to_numpy(zero_copy_only=False).astype(np.min_scalar_type(len(self)))
        narrow = known.astype(np.min_scalar_type(len(self)))
        # Twice as fast as an index, which looks for negative ones.
        return narrow.take(indices.to_numpy(zero_copy_only=False), mode="clip")

    def number(self, texts: Iterable[str]) -> np.ndarray:
        """The number of each text, (texts,) int64; what comes after too many is given the last one."""
        found = []
        for text in texts:
            if text not in self._numbers and len(self) <= MOST_CELLS:
                self._numbers[text] = len(self)
            found.append(self._numbers.get(text, MOST_CELLS))
        return np.array(found, np.int64)


def _texts(values: Iterable[object]) -> Iterable[str]:
    return (MISSING if value is None or value != value else str(value) for value in values)

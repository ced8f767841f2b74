"""What slices are cut by."""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from mlflow_prod.evaluate.cuts.arrow import categories


class Cut(Protocol):
    """What gives each row a category: `of` a batch an array (n,) of texts or of what `str` tells apart."""

    @property
    def name(self) -> str:
        """What the cut is called in slices."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it needs."""

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        """The category of each row; a missing one becomes the slice `missing`."""


@dataclass(frozen=True)
class Column:
    """The values of a column as they are."""

    name: str

    @property
    def reads(self) -> tuple[str, ...]:
        """The column itself."""
        return (self.name,)

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        """The values; DataError for nested ones."""
        return categories(batch.column(self.name), self.name)

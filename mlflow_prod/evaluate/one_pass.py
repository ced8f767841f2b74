"""One pass over scored rows: here, batch by batch, or by the workers of Spark."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, Protocol, TypeVar

import pandas as pd
import pyarrow as pa

from mlflow_prod.data.batches import Tabular, batches, called, one_ahead
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate.read import Reading
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.profile import spark

Source = Tabular | spark.Frame
# Rows whose mean is near enough to that of all: taken from the table's first, wherever the table is.
FIRST = 1_000
S = TypeVar("S", bound=spark.Summary)


class Counter(Protocol[S]):
    """How rows are counted; picklable, as Spark's workers are sent it."""

    def cells(self) -> S:
        """What holds no counts yet."""

    def add(self, cells: S, rows: Rows, groups: Sequence[pa.Array]) -> None:
        """Counts a batch: `groups` holds an array of its rows for each cut."""


def one_pass(source: Source, reading: Reading, counter: Counter[S], read: Callable[[bytes], S]) -> S:
    """What a counter leaves of all rows of a table; `read` is the inverse of its cells' `to_bytes`.

    Raises DataError for rows that `Rows` does not take, columns that are not there, and no rows.
    """
    counted = _Pass(reading, counter)
    if isinstance(source, spark.Frame):
        found = spark.summed(source, reading.columns, counted, read)
        if found is None:
            raise _none(source)
        return found
    here = batches(source, reading.columns, reading.texts)
    if (first := next(here, None)) is None:
        raise _none(source)
    return counted.of(one_ahead(reading.each(chain([first], here))))


def first_rows(source: Source, reading: Reading) -> pa.RecordBatch:
    """Some of the first rows, for what has to be known before the pass; DataError as `one_pass`."""
    if isinstance(source, spark.Frame):
        found = spark.first(source, reading.columns, FIRST)
    else:
        few = source[:FIRST] if isinstance(source, pd.DataFrame) else source
        found = next(batches(few, reading.columns, reading.texts), None)
    if found is None or not found.num_rows:
        raise _none(source)
    return found


@dataclass(frozen=True)
class _Pass(Generic[S]):
    reading: Reading
    counter: Counter[S]

    def __call__(self, found: Iterable[pa.RecordBatch]) -> S:
        return self.of(map(self.reading.of, found))

    def of(self, found: Iterable[tuple[Rows, list[pa.Array]]]) -> S:
        cells = self.counter.cells()
        for rows, groups in found:
            self.counter.add(cells, rows, groups)
        return cells


def _none(source: Source) -> DataError:
    return DataError(f"{called(source)} has no rows: give at least one")

"""One pass over a Spark table: each partition is summed up where it lies, and the sums are added."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, Protocol, Self, TypeVar, runtime_checkable

import pyarrow as pa

from mlflow_prod.errors import DataError, ProdError, did_you_mean
from mlflow_prod.profile.threads import CORES

# Rows to an Arrow batch as other sources give them: Spark's own are a tenth, and cost as much each.
ROWS = 1 << 17
# Workers that add up what all partitions left, so that the driver never holds more sums than these.
ADDERS = 8
SCHEMA = "part binary, problem string"

Mapping = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@runtime_checkable
class Frame(Protocol):
    """What is asked of a Spark DataFrame, be it Spark's own or of Spark Connect; pyspark is not imported."""

    @property
    def columns(self) -> list[str]:
        """Their names."""

    def selectExpr(self, *columns: str) -> Self:
        """Of these alone, in SQL."""

    def limit(self, rows: int) -> Self:
        """The first rows."""

    def repartition(self, partitions: int) -> Self:
        """In so many partitions."""

    def mapInArrow(self, function: Mapping, schema: str) -> Self:
        """What a function makes of each partition."""

    def toArrow(self) -> pa.Table:
        """All rows, here."""


class Summary(Protocol):
    """What a pass over rows leaves: it adds, and travels as bytes."""

    def __add__(self, other: Self) -> Self:
        """That of the rows of both."""

    def to_bytes(self) -> bytes:
        """What `read` makes a summary of again."""


S = TypeVar("S", bound=Summary)


def summed(
    frame: Frame,
    columns: Sequence[str],
    summary: Callable[[Iterator[pa.RecordBatch]], S],
    read: Callable[[bytes], S],
) -> S | None:
    """The summary of the rows of a Spark table, partition by partition on its workers; None for no rows.

    Parameters
    ----------
    columns : those that are read, each once.
    summary : of the batches of a partition, at least one of them with rows and none without. Workers are sent
        it, so it must be picklable; they must have this package installed, and need no other memory than it.
    read : the inverse of `to_bytes`.

    What `summary` refuses is raised as DataError, by one of the partitions; DataError, too, where a column is
    not there. Partitions are added as they come: counts are the same each time, float sums to 1e-12.
    """
    chosen = _chosen(frame, columns)
    with warnings.catch_warnings():
        # Asked of pandas, which has no part in this.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        parts = chosen.mapInArrow(_Summing(tuple(columns), summary), SCHEMA).repartition(ADDERS)
        left = parts.mapInArrow(_Adding(read), SCHEMA).toArrow().to_batches()
    return _sum(left, read)


def first(frame: Frame, columns: Sequence[str], rows: int) -> pa.RecordBatch:
    """The given columns of the first rows of a Spark table; DataError where one is not there."""
    found = _chosen(frame, columns).limit(rows).toArrow().rename_columns(columns)
    return pa.concat_batches(found.to_batches() or [pa.RecordBatch.from_pylist([], found.schema)])


def _chosen(frame: Frame, columns: Sequence[str]) -> Frame:
    for name in columns:
        if name not in frame.columns:
            raise DataError(f"the table has no column {name!r}: {did_you_mean(name, frame.columns)}")
        if frame.columns.count(name) > 1:
            raise DataError(f"the table has several columns {name!r}: rename all but one")
    quoted = (name.replace("`", "``") for name in columns)
    # Named anew: `mapInArrow` takes a dot for a part of a structure.
    return frame.selectExpr(*(f"`{name}` AS c{at}" for at, name in enumerate(quoted)))


@dataclass(frozen=True)
class _Summing(Generic[S]):
    columns: tuple[str, ...]
    summary: Callable[[Iterator[pa.RecordBatch]], S]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        if context := TaskContext.get():
            # The worker's other cores are other tasks'.
            CORES.set(min(context.cpus(), CORES.get()))
        large = _regrouped(batch.rename_columns(self.columns) for batch in batches)
        if (one := next(large, None)) is None:
            return
        try:
            yield _row(part=self.summary(chain([one], large)).to_bytes())
        except ProdError as problem:
            # Raised here it would be tried three times more, and told as a page of Java.
            yield _row(problem=str(problem))


@dataclass(frozen=True)
class _Adding(Generic[S]):
    read: Callable[[bytes], S]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            if (total := _sum(batches, self.read)) is not None:
                yield _row(part=total.to_bytes())
        except ProdError as problem:
            yield _row(problem=str(problem))


def _sum(batches: Iterable[pa.RecordBatch], read: Callable[[bytes], S]) -> S | None:
    total = None
    for part in map(read, _parts(batches)):
        total = part if total is None else total + part
    return total


def _parts(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    for batch in batches:
        for row in batch.to_pylist():
            if row["problem"] is not None:
                raise DataError(row["problem"])
            yield row["part"]


def _row(**values: Any) -> pa.RecordBatch:
    types = {"part": pa.binary(), "problem": pa.string()}
    return pa.record_batch({name: pa.array([values.get(name)], type) for name, type in types.items()})


def _regrouped(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, at least ROWS at a time."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows:
            waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= ROWS:
            yield pa.concat_batches(waiting)
            waiting = []
    if waiting:
        yield pa.concat_batches(waiting)

"""Tables of any size as Arrow batches, of which a few are in memory at a time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from mlflow_prod.errors import DataError, did_you_mean

# Some megabytes of ten columns: large enough that what is done once a batch does not count.
ROWS = 1 << 17

T = TypeVar("T")


# A table, or a Parquet file or folder of any size.
Tabular = pd.DataFrame | str | Path


def batches(source: Tabular, columns: Sequence[str], texts: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
    """The given columns of a table, or of a Parquet file or folder of any size, in order.

    `texts`: those of the columns that hold few different values, which are then read as numbers and a
    dictionary. Raises DataError where there is no such file or column, or where files of a folder differ in
    the type of one; a file in which it is missing in all rows may have any.
    """
    if isinstance(source, pd.DataFrame):
        _hold(columns, [str(name) for name in source.columns], "the table")
        yield from pa.Table.from_pandas(source[list(columns)], preserve_index=False).to_batches(ROWS)
        return
    try:
        types: dict[str, pa.DataType] = {}
        for file in sorted(ds.dataset(source, format="parquet").files):
            # Not by the dataset itself, which reads ahead as far as memory goes.
            with pq.ParquetFile(file, read_dictionary=list(texts)) as opened:
                _hold(columns, opened.schema_arrow.names, file)
                _agree(columns, opened.schema_arrow, types, file)
                yield from one_ahead(_by_group(opened, columns))
    except (OSError, pa.ArrowException) as problem:
        raise DataError(f"{source} cannot be read as a Parquet file or folder: {problem}") from problem


def parquet_columns(file: Path) -> list[str]:
    """The names of a Parquet file's columns; DataError where it is none."""
    try:
        names: list[str] = pq.read_schema(file).names
    except (OSError, pa.ArrowException) as problem:
        raise DataError(f"{file} cannot be read as Parquet (damaged, or cut short?): {problem}") from problem
    return names


def _by_group(opened: pq.ParquetFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    # Asked for all groups at once, Arrow holds on to what it has read of those before.
    for group in range(opened.num_row_groups):
        yield from opened.iter_batches(ROWS, row_groups=[group], columns=list(columns))


def one_ahead(found: Iterator[T]) -> Iterator[T]:
    """The same, the next one being made by another thread while one is worked on."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, found, None)
        while (one := coming.result()) is not None:
            coming = maker.submit(next, found, None)
            yield one


def _hold(columns: Sequence[str], there: Sequence[str], where: str) -> None:
    lost = [name for name in columns if name not in there]
    if lost:
        raise DataError(f"{where} has no column {lost[0]!r}: {did_you_mean(lost[0], there)}")


def _agree(columns: Sequence[str], found: pa.Schema, types: dict[str, pa.DataType], where: str) -> None:
    """DataError for a column of another type than in `types`, which is told of those that are new."""
    for name in columns:
        kind = _plain(found.field(name).type)
        # Else 1 and 1.0 would be two slices.
        if not pa.types.is_null(kind) and types.setdefault(name, kind) != kind:
            raise DataError(
                f"{where} holds column {name!r} as {kind}, the files before it as {types[name]}: "
                "write all files with one type"
            )


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values, however they are stored."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_large_string(value) or pa.types.is_string_view(value) else value

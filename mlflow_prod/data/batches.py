"""Tables of any size as Arrow batches, of which a few are in memory at a time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mlflow_prod.data.files import parquet_files
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean

# Some megabytes of ten columns: large enough that what is done once a batch does not count.
ROWS = 1 << 17

T = TypeVar("T")


# A table, or a Parquet file or folder of any size.
Tabular = pd.DataFrame | str | Path


def batches(source: Tabular, columns: Sequence[str], texts: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
    """The given columns of a table, or of a Parquet file or folder of any size, in order.

    `texts`: those of the columns that hold few different values, which are then read as numbers and a
    dictionary. A folder may hold other files, too: they are not read. Raises DataError where there is no such
    file or column, a name stands for several columns, a column of a DataFrame holds values of several types,
    or files of a folder differ in the type of one; a file in which it is missing in all rows may have any.
    """
    if isinstance(source, pd.DataFrame):
        yield from _of_frame(source, columns).to_batches(ROWS)
        return
    if not isinstance(source, str | Path):
        raise InvalidParameter("source", "a DataFrame, or a Parquet file or folder by its path", type(source))
    path = Path(source)
    types: dict[str, pa.DataType] = {}
    for file in [path] if path.is_file() else _files(path):
        try:
            # Not by Arrow's data sets, which read ahead as far as memory goes.
            with pq.ParquetFile(file) as opened:
                told, schema = opened.metadata, opened.schema_arrow
            _hold(columns, schema.names, str(file))
            _agree(columns, schema, types, str(file))
            coded = [name for name in texts if not pa.types.is_nested(schema.field(name).type)]
            with pq.ParquetFile(file, metadata=told, read_dictionary=coded) as opened:
                yield from one_ahead(_by_group(opened, columns))
        except (OSError, pa.ArrowException) as problem:
            raise DataError(
                f"{file} cannot be read as Parquet (damaged, or cut short?): {problem}"
            ) from problem


def called(source: object) -> str:
    """What a message calls a source."""
    return str(source) if isinstance(source, str | Path) else "the table"


def _of_frame(frame: pd.DataFrame, columns: Sequence[str]) -> pa.Table:
    names = [str(name) for name in frame.columns]
    _hold(columns, names, "the table")
    part = frame.iloc[:, [names.index(name) for name in columns]].set_axis(list(columns), axis=1)
    for name in columns:
        kind = part[name].dtype
        kind = kind.categories.dtype if isinstance(kind, pd.CategoricalDtype) else kind
        if isinstance(kind, pd.IntervalDtype | pd.PeriodDtype):
            part[name] = as_text(part[name])
    try:
        return pa.Table.from_pandas(part, preserve_index=False)
    except (pa.ArrowException, UnicodeError, OverflowError) as problem:
        why = "; ".join(map(str, problem.args))
        raise DataError(f"the table's columns must hold values of one type each: {why}") from problem


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} cannot be read as a Parquet file or folder: there is none")
    if not (found := parquet_files(folder)):
        raise DataError(f"{folder} holds no Parquet file")
    return found


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
    if twice := [name for name in columns if there.count(name) > 1]:
        raise DataError(
            f"{where} names the column {twice[0]!r} {there.count(twice[0])} times: rename all but one"
        )


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

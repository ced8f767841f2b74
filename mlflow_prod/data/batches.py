"""Tables of any size as Arrow batches, of which a few are in memory at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from mlflow_prod.errors import DataError, did_you_mean

# Some megabytes of ten columns: large enough that what is done once a batch does not count.
ROWS = 1 << 17


def batches(
    source: pd.DataFrame | str | Path, columns: Sequence[str], texts: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """The given columns of a table, or of a Parquet file or folder of any size, in order.

    `texts`: those of the columns that hold few different values, which are then read as numbers and a
    dictionary. Raises DataError where there is no such file or column.
    """
    if isinstance(source, pd.DataFrame):
        _hold(columns, [str(name) for name in source.columns], "the table")
        yield from pa.Table.from_pandas(source[list(columns)], preserve_index=False).to_batches(ROWS)
        return
    try:
        files = sorted(ds.dataset(source, format="parquet").files)
        for file in files:
            # Not by the dataset itself, which reads ahead as far as memory goes.
            with pq.ParquetFile(file, read_dictionary=list(texts)) as opened:
                _hold(columns, opened.schema_arrow.names, file)
                yield from opened.iter_batches(ROWS, columns=list(columns))
    except (OSError, pa.ArrowException) as problem:
        raise DataError(f"{source} cannot be read as a Parquet file or folder: {problem}") from problem


def _hold(columns: Sequence[str], there: Sequence[str], where: str) -> None:
    lost = [name for name in columns if name not in there]
    if lost:
        raise DataError(f"{where} has no column {lost[0]!r}: {did_you_mean(lost[0], there)}")

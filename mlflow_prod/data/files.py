"""Tables from CSV and Parquet files."""

import csv
import gzip
import re
import zlib
from collections import Counter
from pathlib import Path

import pandas as pd

from mlflow_prod.data.schema_file import SchemaFile
from mlflow_prod.errors import DataError

PARQUET = (".parquet", ".pq")
PARQUET_START = b"PAR1"
# How pandas says that a line has too many fields.
UNEVEN = re.compile(r"Expected (?P<expected>\d+) fields in line (?P<line>\d+), saw (?P<seen>\d+)")
# "None" is left out of pandas' own list: it is used as the name of a category.
MISSING = ("", "NA", "nan", "NaN", "NAN", "null", "NULL", "N/A", "n/a", "<NA>", "#N/A")


def read_table(path: Path, said: SchemaFile) -> pd.DataFrame:
    """All rows of a CSV file (.gz too), a Parquet file, or a folder of either.

    A folder that holds Parquet may hold other files too: they are not read.

    Texts lose white space at both ends, and numbers their leading zeros. Raises DataError where there is
    nothing to read, on a file that is damaged and on column names that stand twice.
    """
    if path.is_dir():
        frame = _read_folder(path, said)
    elif path.stat().st_size == 0:
        raise DataError(f"{path} is empty: it has neither a header nor rows")
    else:
        frame = _read_parquet(path) if path.suffix.lower() in PARQUET else _read_csv(path, said)
    if frame.empty:
        raise DataError(f"{path} has no rows")
    return frame


def parquet_files(path: Path) -> list[Path]:
    """The Parquet file, or those in a folder and its subfolders, sorted; none where it holds other data."""
    if path.is_file():
        return [path] if path.suffix.lower() in PARQUET else []
    return [path / name for name in _shown(path) if _is_parquet(path / name)] if path.is_dir() else []


def _read_folder(folder: Path, said: SchemaFile) -> pd.DataFrame:
    parquet = parquet_files(folder)
    if parquet:
        return _read_parquet(folder, [str(path.relative_to(folder)) for path in parquet])
    paths = sorted(p for p in folder.iterdir() if p.name.lower().endswith((".csv", ".csv.gz")))
    if not paths:
        raise DataError(
            f"{folder} holds no CSV and no Parquet file, no IDX file, and no folders of PNG or JPEG"
        )
    frames = [read_table(path, said) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        if list(frame.columns) != list(frames[0].columns):
            raise DataError(
                f"{path} has other columns than {paths[0]}: files of one folder must have the same"
            )
    return pd.concat(frames, ignore_index=True)


def _shown(folder: Path) -> list[str]:
    # Names with a dot or an underscore at the start are Spark's own, such as _SUCCESS and _temporary.
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not any(part[0] in "._" for part in path.parts))


def _is_parquet(path: Path) -> bool:
    # Some writers give no suffix, and a damaged file may have lost its start.
    if path.suffix.lower() in PARQUET:
        return True
    with path.open("rb") as file:
        return file.read(len(PARQUET_START)) == PARQUET_START


def _read_parquet(path: Path, names: list[str] | None = None) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    try:
        if names is None:
            frame = pd.read_parquet(path)
        else:
            # Seen from the folder, so that only its own subfolders (`year=2026`) become columns.
            seen = SubTreeFileSystem(str(path.absolute()), LocalFileSystem())
            frame = pd.read_parquet(names, filesystem=seen)  # type: ignore[call-overload]
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise DataError(f"{path} cannot be read as Parquet (damaged, or cut short?): {problem}") from problem
    _hold_unique(path, [str(name) for name in frame.columns])
    frame.columns = pd.Index([str(name) for name in frame.columns])
    return frame


def _read_csv(path: Path, said: SchemaFile) -> pd.DataFrame:
    try:
        first = _first_line(path, said.comment)
        if not first.strip():
            raise DataError(f"{path} is empty: its first line has no text")
        separator = said.separator or _likely_separator(first)
        if separator == said.comment:
            raise DataError(
                f"{said.path}: {separator!r} cannot part fields and start a comment: say which it does"
            )
        names = [
            name.strip() for name in next(csv.reader([first], delimiter=separator, skipinitialspace=True))
        ]
        if not said.names:
            _hold_unique(path, names)
        elif len(names) != len(said.names):
            raise DataError(f"{path} has {len(names)} fields a line, but `names` gives {len(said.names)}")
        frame = pd.read_csv(
            path,
            sep=separator,
            names=list(said.names) or None,
            header=None if said.names else 0,
            index_col=False,
            comment=said.comment or None,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=[*MISSING, *said.missing],
            low_memory=False,
        )
    except UnicodeError as problem:
        raise DataError(f"{path} is not UTF-8 text: save it as UTF-8 ({problem})") from problem
    except pd.errors.ParserError as problem:
        uneven = UNEVEN.search(str(problem))
        if uneven is None:
            raise DataError(f"{path} cannot be read as CSV: {str(problem).strip()}") from problem
        raise DataError(
            f"{path}, line {uneven['line']}: has {uneven['seen']} fields where the lines before have "
            f"{uneven['expected']}: quote a field that holds {separator!r}, or mend the line"
        ) from problem
    except (
        csv.Error,
        EOFError,
        gzip.BadGzipFile,
        zlib.error,
    ) as problem:
        raise DataError(f"{path} cannot be read as CSV: {str(problem).strip()}") from problem
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    for name in frame.columns[[isinstance(dtype, pd.StringDtype) for dtype in frame.dtypes]]:
        text = frame[name].str.strip()
        frame[name] = text.where(~text.isin(said.missing))
    return frame


def _first_line(path: Path, comment: str) -> str:
    with (
        gzip.open(path, "rt", encoding="utf-8-sig")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8-sig") as file
    ):
        return next(
            (line for line in file if line.strip() and not (comment and line.startswith(comment))), ""
        )


def _likely_separator(line: str) -> str:
    seen = Counter(letter for letter in line if letter in ",;\t|")
    if not seen and " " in line.strip():
        return " "
    return seen.most_common(1)[0][0] if seen else ","


def _hold_unique(path: Path, names: list[str]) -> None:
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise DataError(f"{path} names the column {twice!r} {names.count(twice)} times: rename all but one")

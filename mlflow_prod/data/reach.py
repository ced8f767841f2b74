"""From a data string to raw rows."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd

from mlflow_prod.data.builtin import BUILTINS, read_builtin
from mlflow_prod.data.dataset import Dataset
from mlflow_prod.data.files import read_table
from mlflow_prod.data.function import FUNCTION, call
from mlflow_prod.data.images import is_idx_folder, is_image_folder, read_idx_folder, read_image_folder
from mlflow_prod.data.schema_file import SchemaFile, find_schema_file
from mlflow_prod.data.source import Images, Table
from mlflow_prod.errors import DataError, nearest


def reach(
    data: str, schema: str, target: str, seed: int, batch: int
) -> tuple[Table | Images | Dataset, SchemaFile]:
    """The raw rows that `data` names, and what a schema file says about them.

    `data`: a built-in name with options (`loans?bias=0.4`), a path, or `module:function`. `batch` is the
    stream that `loans` draws from unless its options say. Raises DataError where nothing is found.
    """
    name, _, options = data.partition("?")
    if name in BUILTINS:
        return read_builtin(name, _options(data, options), seed, batch), _said(schema)
    path = Path(data)
    if path.exists():
        return _read_path(path, schema)
    if FUNCTION.fullmatch(data):
        return _call(data, target), _said(schema)
    nearby = (
        [*BUILTINS, *(child.name for child in path.parent.iterdir())] if path.parent.is_dir() else [*BUILTINS]
    )
    near = nearest(path.name, nearby) if len(nearby) < 1000 else ""
    raise DataError(
        f"no data at {data!r} (looked in {Path.cwd()}): give a path, module:function, "
        f"or one of {', '.join(BUILTINS)}" + (f"; did you mean {near!r}?" if near else "")
    )


def _said(schema: str) -> SchemaFile:
    return find_schema_file(Path(schema), schema) if schema else SchemaFile()


def _options(data: str, text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
    except ValueError as problem:
        raise DataError(f"options of {data!r} must be written name=value&name=value") from problem
    if len(dict(pairs)) < len(pairs):
        raise DataError(f"{data!r} names an option twice")
    return dict(pairs)


def _read_path(path: Path, schema: str) -> tuple[Table | Images, SchemaFile]:
    if path.is_dir() and not schema:
        if is_idx_folder(path):
            return read_idx_folder(path), SchemaFile()
        if is_image_folder(path):
            return read_image_folder(path), SchemaFile()
    said = find_schema_file(path, schema)
    frame = read_table(path, said)
    test = None
    if said.test:
        other = (path if path.is_dir() else path.parent) / said.test
        if not other.is_file():
            raise DataError(f"{said.path}: no test file at {other}: `test` is relative to the data file")
        test = read_table(other, said)
    return Table(frame, test, positive=said.positive), said


def _call(data: str, target: str) -> Table | Images | Dataset:
    value = call("data", data)
    try:
        return _rows_of(value, target, data)
    except (UnicodeEncodeError, OverflowError) as problem:
        raise DataError(f"{data} returned a value that no column can hold: {problem}") from problem


def _rows_of(value: Any, target: str, data: str) -> Table | Images | Dataset:
    if isinstance(value, pd.DataFrame):
        return Table(_named(value, data))
    if isinstance(value, Dataset):
        return value
    if isinstance(value, tuple) and len(value) == 2:
        return _pair(value[0], value[1], target, data)
    raise DataError(
        f"{data} must return a DataFrame, (features, target) or a Dataset, got {type(value).__name__}"
    )


def _pair(features: Any, labels: Any, target: str, data: str) -> Table | Images:
    rows = features if isinstance(features, pd.DataFrame) else _array(features, data)
    classes = _array(labels, data)
    if classes.ndim == 2 and classes.shape[1] == 1:
        classes = classes[:, 0]
    if rows.ndim == 0 or classes.shape != rows.shape[:1]:
        raise DataError(
            f"{data} must return features of n rows and a target of shape (n,), "
            f"got the shapes {rows.shape} and {classes.shape}"
        )
    if not isinstance(rows, pd.DataFrame) and rows.ndim > 2:
        if rows.dtype.kind not in "buif":
            raise DataError(f"{data} must return pixels that are numbers, got {rows.dtype}")
        pixels = rows if rows.ndim == 4 else rows[..., None]
        pixels = pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32)
        return Images(pixels, pd.Series(classes).to_numpy())
    frame = pd.DataFrame(features)
    frame.columns = pd.Index([f"x{name}" if isinstance(name, int) else str(name) for name in frame.columns])
    name = target or str(getattr(labels, "name", None) or "target")
    return Table(_named(frame.assign(**{name: classes}), data), target=name)


def _array(values: Any, data: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as problem:
        raise DataError(f"{data} returned rows of unequal length: {problem}") from problem


def _named(frame: pd.DataFrame, data: str) -> pd.DataFrame:
    names = [str(name) for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{data} names the column {twice!r} {names.count(twice)} times: rename all but one")
    if frame.empty:
        raise DataError(f"{data} returned no rows")
    return frame.set_axis(names, axis=1).reset_index(drop=True).infer_objects()

"""What a column holds: numbers or texts."""

from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.errors import DataError
from mlflow_prod.profile.categories import Categories
from mlflow_prod.profile.numbers import Kind, Numbers

Column: TypeAlias = Numbers | Categories


def column_of(values: pd.Series | pa.Array, name: str, shift: int = 0) -> Column:
    """What one pass over a column leaves behind.

    Numbers, booleans and dates (as seconds since 1970-01-01 UTC) are counted as `Numbers`, all else as texts.
    NaN, NaT and null are missing. `name` is for the message of the DataError that complex numbers and nested
    values raise; `shift` is as in `Numbers.of`.
    """
    numbers = numbers_of(values, name)
    if numbers is not None:
        return Numbers.of(*numbers, shift)
    try:
        return Categories.of(_texts(values))
    except (TypeError, UnicodeError, pa.ArrowException) as problem:
        raise DataError(
            f"column {name!r} holds values that are no text ({problem}): leave it out"
        ) from problem


def numbers_of(values: pd.Series | pa.Array, name: str) -> tuple[np.ndarray, Kind] | None:
    """Numbers, booleans and dates as float64 (n,) and what they are; None of texts. Raises as `column_of`."""
    return _of_arrow(values, name) if isinstance(values, pa.Array) else _of_pandas(values, name)


def added(a: Column, b: Column, name: str) -> Column:
    """The column of the rows of both; DataError where one holds numbers and the other texts.

    A column without any value takes the type of the other: of a batch of missing values nobody knows it.
    """
    if isinstance(a, Categories):
        if isinstance(b, Categories):
            return a + b
        texts, numbers = a, b
    elif isinstance(b, Categories):
        texts, numbers = b, a
    else:
        try:
            return a + b
        except DataError as problem:
            raise DataError(f"column {name!r}: {problem}") from problem
    if numbers.rows == numbers.missing:
        return texts + Categories({}, numbers.missing)
    if texts.rows == texts.missing:
        return numbers + Numbers.of(np.full(texts.missing, np.nan))
    raise DataError(f"column {name!r} holds numbers and texts: give it one type")


def _of_pandas(values: pd.Series, name: str) -> tuple[np.ndarray, Kind] | None:
    dtype = values.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        # Microseconds: nanoseconds end in the year 2262, and a float64 of seconds knows no more.
        return _seconds(values.to_numpy("datetime64[us]")), "date"
    if not pd.api.types.is_numeric_dtype(dtype):
        return None
    if dtype.kind == "c":
        raise DataError(f"column {name!r} holds complex numbers: give each part a column of its own")
    kind: Kind = "boolean" if pd.api.types.is_bool_dtype(dtype) else "number"
    return values.to_numpy(np.float64, na_value=np.nan), kind


def _of_arrow(values: pa.Array, name: str) -> tuple[np.ndarray, Kind] | None:
    dtype = values.type
    if pa.types.is_nested(dtype):
        raise DataError(f"column {name!r} holds {dtype}: give the parts of nested values a column each")
    if pa.types.is_timestamp(dtype) or pa.types.is_date(dtype):
        return _seconds(values.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False)), "date"
    if pa.types.is_boolean(dtype):
        return values.cast(pa.uint8()).cast(pa.float64()).to_numpy(zero_copy_only=False), "boolean"
    if pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
        return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), "number"
    return None


def _seconds(moments: np.ndarray) -> np.ndarray:
    found: np.ndarray = moments.astype(np.int64) / 1e6
    return np.where(np.isnat(moments), np.nan, found)


def _texts(values: pd.Series | pa.Array) -> pa.Array:
    if isinstance(values, pa.Array):
        return values if pa.types.is_dictionary(values.type) else values.cast(pa.large_string())
    seen = values if isinstance(values.dtype, pd.StringDtype) else values.dropna().astype(str)
    table = pa.Table.from_pandas(seen.to_frame("texts"), pa.schema({"texts": pa.large_string()}), False)
    lost = pa.nulls(len(values) - len(seen), pa.large_string())
    return pa.concat_arrays([*table.column(0).chunks, lost])

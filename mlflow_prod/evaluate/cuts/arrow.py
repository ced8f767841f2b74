"""Columns of batches as what cuts compare: numbers, texts, truths and times."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlflow_prod.errors import DataError


def kind(type: pa.DataType) -> str:
    """`number`, `text`, `boolean`, `time`, `null` (all missing), or the name of any other type."""
    told = pa.types
    if told.is_dictionary(type):
        return kind(type.value_type)
    if told.is_integer(type) or told.is_floating(type) or told.is_decimal(type):
        return "number"
    if told.is_string(type) or told.is_large_string(type) or told.is_string_view(type):
        return "text"
    if told.is_timestamp(type) or told.is_date(type):
        return "time"
    return "boolean" if told.is_boolean(type) else str(type)


def plain(values: pa.Array) -> pa.Array:
    """The values without a dictionary; NaN, which is a missing number, as null."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values


def numbers(values: pa.Array, name: str) -> np.ndarray:
    """The numbers (n,) float64 of a column, NaN where missing; DataError where it holds others than these."""
    if kind(values.type) not in ("number", "null"):
        raise DataError(f"column {name!r} must hold numbers to be cut by them, got {values.type}")
    # Whole numbers beyond 2^53 are rounded, not refused.
    found: np.ndarray = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found


def categories(values: pa.Array, name: str) -> pa.Array:
    """The values of a column, each of which can be called by its text; DataError for nested ones."""
    type = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if pa.types.is_nested(type) or isinstance(type, pa.BaseExtensionType):
        raise DataError(
            f"column {name!r} must hold plain values to be cut by them, got {type}: give the parts of nested "
            "ones a column each"
        )
    return values

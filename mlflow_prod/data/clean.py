"""Columns brought to the dtype that their type says."""

import numpy as np
import pandas as pd

from mlflow_prod.data.numbers import as_numbers
from mlflow_prod.data.schema import Column, Schema
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError, did_you_mean

TRUTH = {
    "true": 1.0,
    "yes": 1.0,
    "y": 1.0,
    "t": 1.0,
    "1": 1.0,
    "false": 0.0,
    "no": 0.0,
    "n": 0.0,
    "f": 0.0,
    "0": 0.0,
}


def clean(frame: pd.DataFrame, schema: Schema, names: tuple[str, ...]) -> pd.DataFrame:
    """The columns `names`, each in the dtype of its type.

    Numeric float64, category str, date datetime64, boolean bool or, where values are missing, float64.

    Raises DataError naming a lost column, a value that its type does not allow, an infinite one.
    """
    lost = [name for name in names if name not in frame.columns]
    if lost:
        hint = did_you_mean(lost[0], map(str, frame.columns))
        raise DataError(
            f"the data lack the column{'s' * (len(lost) > 1)} {', '.join(map(repr, lost))}; {hint}"
        )
    columns = {name: clean_column(frame[name], schema.columns[name]) for name in names}
    return pd.DataFrame(columns, index=frame.index).reset_index(drop=True)


def clean_column(values: pd.Series, column: Column) -> pd.Series:
    """One column, as `clean` says."""
    if column.missing:
        values = values.where(~as_text(values).isin(column.missing))
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype if not values.hasnans else object)
    if column.type == "numeric":
        return _numbers(values)
    if column.type == "boolean":
        return _booleans(values)
    if column.type == "date":
        return _dates(values)
    return as_text(values)


def _numbers(values: pd.Series) -> pd.Series:
    try:
        result = pd.Series(as_numbers(values), index=values.index, name=values.name)
    except (TypeError, ValueError) as problem:
        present = values.dropna()
        bad = next(
            (v for v in present if pd.isna(pd.to_numeric(pd.Series([v]), errors="coerce").iloc[0])),
            present.iloc[0],
        )
        raise DataError(
            f"column {values.name!r} must hold numbers, got {str(bad)!r}: mend it, name it under `missing`, "
            "or give the column type `category` in schema.yaml"
        ) from problem
    infinite = int(np.isinf(result).sum())
    if infinite:
        raise DataError(
            f"column {values.name!r} is infinite in {infinite:,} of {len(values):,} rows: "
            "replace those values, or leave them empty if unknown"
        )
    return result


def _booleans(values: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(values) and not values.hasnans:
        return values.astype(bool)
    texts = as_text(values).str.lower()
    truth = texts.map(TRUTH).astype(np.float64)
    bad = texts[truth.isna() & texts.notna()]
    if len(bad):
        raise DataError(f"column {values.name!r} must hold true or false, got {bad.iloc[0]!r}")
    return truth if truth.hasnans else truth.astype(bool)


def _dates(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values):
        raise DataError(
            f"column {values.name!r} must hold dates such as 2026-01-31, got the number {values.iloc[0]}"
        )
    try:
        moments = pd.to_datetime(values, format=None if values.dtype.kind == "M" else "ISO8601", utc=True)
    except (ValueError, TypeError) as problem:
        raise DataError(f"column {values.name!r} must hold dates such as 2026-01-31: {problem}") from problem
    return moments.dt.tz_localize(None).astype("datetime64[us]")

"""Values as text, one text for each value."""

from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError


def as_text(values: pd.Series) -> pd.Series:
    """Values as text, dtype str, NaN where missing; 1, 1.0 and "1" become one text.

    Raises DataError on lists, structs and the like, and on half a character.

    >>> as_text(pd.Series([1.0, 2.5, None])).tolist()
    ['1', '2.5', nan]
    """
    if isinstance(values.dtype, pd.StringDtype):
        return values
    try:
        codes, distinct = pd.factorize(values.astype(object))
        texts = np.array([*map(_text_of, distinct), None], dtype=object)
        return pd.Series(texts[codes], index=values.index, name=values.name, dtype="str")
    except (TypeError, UnicodeEncodeError) as problem:
        raise DataError(
            f"column {values.name!r} holds values that are no text ({problem}): mend them, give the parts of "
            "nested ones a column each, or leave the column out"
        ) from problem


def _text_of(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)

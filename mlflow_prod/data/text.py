"""Values as text, one text for each value."""

from typing import Any

import numpy as np
import pandas as pd


def as_text(values: pd.Series) -> pd.Series:
    """Values as text, dtype str, NaN where missing; 1, 1.0 and "1" become one text.

    >>> as_text(pd.Series([1.0, 2.5, None])).tolist()
    ['1', '2.5', nan]
    """
    if isinstance(values.dtype, pd.StringDtype):
        return values
    codes, distinct = pd.factorize(values.astype(object))
    texts = np.array([*map(_text_of, distinct), None], dtype=object)
    return pd.Series(texts[codes], index=values.index, name=values.name, dtype="str")


def _text_of(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)

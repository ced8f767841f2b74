"""Protected columns as groups that can be read."""

from itertools import pairwise

import numpy as np
import pandas as pd

from mlflow_prod.data.schema import Column
from mlflow_prod.data.text import as_text

MISSING = "missing"
AGES = (25.0, 35.0, 45.0, 55.0, 65.0)
# A number of no more distinct values than this is a code: each value is a group.
MOST_CODES = 8


def bands_for(values: pd.Series) -> tuple[float, ...]:
    """Edges that cut numbers into groups: ten-year bands for ages, else quartiles; none for a code."""
    numbers = pd.to_numeric(values, errors="coerce").dropna().to_numpy(np.float64)
    if len(np.unique(numbers)) <= MOST_CODES:
        return ()
    whole = bool((numbers % 1 == 0).all())
    if whole and numbers.min() >= 0 and numbers.max() <= 120 and "age" in str(values.name).lower():
        return tuple(edge for edge in AGES if numbers.min() < edge <= numbers.max())
    edges = [float(f"{edge:.3g}") for edge in np.quantile(numbers, [0.25, 0.5, 0.75])]
    return tuple(sorted({np.ceil(edge) if whole else edge for edge in edges}))


def groups_of(values: pd.Series, column: Column) -> pd.Series:
    """The group of each row of cleaned values, dtype str; `missing` where the value is.

    Numbers fall in bands such as `25 to 34`; a band holds its lower edge.
    """
    if column.type == "boolean":
        words = np.array(["false", "true", MISSING], dtype=object)
        return pd.Series(words[values.fillna(2).astype(int)], name=values.name, dtype="str")
    if not column.bands:
        return as_text(values).fillna(MISSING)
    edges = np.array(column.bands)
    whole = bool((edges % 1 == 0).all()) and bool((values.dropna() % 1 == 0).all())
    names = [f"under {edges[0]:g}"]
    names += [f"{low:g} to {high - 1 if whole else high:g}" for low, high in pairwise(edges)]
    names += [f"{edges[-1]:g} and over", MISSING]
    places = np.where(values.isna(), len(names) - 1, np.searchsorted(edges, values, side="right"))
    return pd.Series(np.array(names, dtype=object)[places], name=values.name, dtype="str")

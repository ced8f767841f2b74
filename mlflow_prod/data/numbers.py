"""Values as numbers, where they are numbers."""

import numpy as np
import pandas as pd


def as_numbers(values: pd.Series) -> np.ndarray:
    """Shape (n,), float64, NaN where missing; texts of numbers count as numbers.

    Raises TypeError or ValueError on all else: dates and durations, whose number depends on a unit that
    nobody named, and complex numbers, which would lose a part.
    """
    numbers = pd.to_numeric(values)
    if values.dtype.kind in "mM" or numbers.dtype.kind == "c":
        raise TypeError(f"{values.dtype} is no kind of number")
    # Missing values among objects would stay objects.
    return (numbers.astype("Float64") if values.dtype == object else numbers).to_numpy(
        np.float64, na_value=np.nan
    )

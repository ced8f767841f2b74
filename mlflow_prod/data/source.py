"""Raw data before anything is inferred from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mlflow_prod.data.schema import Column
from mlflow_prod.errors import DataError


@dataclass(frozen=True)
class Table:
    """Rows as they were read.

    Parameters
    ----------
    frame : the rows; all of them, or those to train on where `test` is given.
    test : rows of a test set of their own, or None.
    columns : what is known about columns beforehand, by name; others are inferred.
    target : name of the target where the source knows it, else "".
    positive : class that counts as positive, "" where it is not said.
    test_share : share of the rows to test on where the caller names none.
    """

    frame: pd.DataFrame
    test: pd.DataFrame | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)
    target: str = ""
    positive: str = ""
    test_share: float = 0.25


@dataclass(frozen=True)
class Images:
    """Pictures with a class each.

    Parameters
    ----------
    pixels : shape (n, height, width, channels), uint8 or float32.
    labels : shape (n,), class text.
    test : (pixels, labels) of a test set of their own, or None.

    Raises
    ------
    DataError : the pixels of either set have no such shape.
    """

    pixels: np.ndarray
    labels: np.ndarray
    test: tuple[np.ndarray, np.ndarray] | None = None

    def __post_init__(self) -> None:
        for pixels in (self.pixels, *([] if self.test is None else [self.test[0]])):
            if pixels.ndim != 4 or 0 in pixels.shape or pixels.shape[1:] != self.pixels.shape[1:]:
                rule = "(n, height, width, channels), none of them 0, of one size with any test images"
                raise DataError(f"images must have shape {rule}, got {pixels.shape}")

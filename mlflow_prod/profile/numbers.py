"""A column of numbers, booleans or dates."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from mlflow_prod.errors import DataError
from mlflow_prod.profile import radix
from mlflow_prod.profile.histogram import Histogram
from mlflow_prod.profile.moments import Moments

Kind = Literal["number", "boolean", "date"]


@dataclass(frozen=True)
class Numbers:
    """What one pass over numbers leaves behind; two add to that of both.

    Parameters
    ----------
    kind : `number`, `boolean` (0 and 1) or `date` (seconds since 1970-01-01 UTC).
    histogram, moments : of the finite values.
    missing, below, above : rows without a value, with -inf, with inf.
    """

    kind: Kind
    histogram: Histogram
    moments: Moments
    missing: int = 0
    below: int = 0
    above: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind) or min(self.missing, self.below, self.above) < 0:
            raise DataError(f"numbers must be of a kind of {get_args(Kind)}, and their counts >= 0")
        if self.moments.n != self.histogram.rows:
            raise DataError(f"moments of {self.moments.n} numbers, but {self.histogram.rows} are counted")

    @classmethod
    def of(cls, values: np.ndarray, kind: Kind = "number", shift: int = 0) -> "Numbers":
        """Of float64 values (n,), NaN where missing.

        `shift`: that of a histogram which this one will be added to, or 0. Their sum is the same, and is had
        in half the time.
        """
        values = np.ascontiguousarray(values, np.float64)
        keys, counts, shift, apart = radix.tally(values, shift)
        zeros, missing, below, above = apart.tolist()
        least, greatest, total = radix.total(values)
        finite = len(values) - missing - below - above
        ends = (least + 0.0, greatest + 0.0) if finite else (math.nan, math.nan)
        histogram = Histogram(shift, keys, counts, zeros, *ends)
        return cls(kind, histogram, Moments.of(values, finite, total), missing, below, above)

    def __add__(self, other: "Numbers") -> "Numbers":
        """The column of the rows of both; DataError where one holds dates and the other does not.

        Booleans and numbers add to numbers: with missing values booleans are read as 0 and 1.
        """
        known = {one.kind for one in (self, other) if one.rows > one.missing}
        if len(known) > 1 and "date" in known:
            raise DataError("dates and numbers do not add: give the column one type")
        kinds = known or {self.kind, other.kind}
        return Numbers(
            "number" if len(kinds) > 1 else kinds.pop(),
            self.histogram + other.histogram,
            self.moments + other.moments,
            self.missing + other.missing,
            self.below + other.below,
            self.above + other.above,
        )

    @property
    def infinite(self) -> int:
        """Rows with an infinite value."""
        return self.below + self.above

    @property
    def rows(self) -> int:
        """Rows counted, missing ones among them."""
        return self.histogram.rows + self.missing + self.infinite

"""Rows by when they were."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate.cuts.arrow import kind, numbers, plain

# Arrow's name of each unit, and what its start is written as.
UNITS = {
    "s": ("second", "%Y-%m-%dT%H:%M:%S"),
    "min": ("minute", "%Y-%m-%dT%H:%M"),
    "h": ("hour", "%Y-%m-%dT%H:%M"),
    "d": ("day", "%Y-%m-%d"),
    "w": ("week", "%Y-%m-%d"),
    "mo": ("month", "%Y-%m"),
    "y": ("year", "%Y"),
}
WRITTEN = re.compile(r"([1-9]\d{0,5})(s|min|h|d|w|mo|y)")


# So many widths from 0 a float64 still tells the hundredth part of one.
FARTHEST = 2.0**43


@dataclass(frozen=True)
class Windows:
    """A column of times, or of numbers, in windows of one width, called by their start.

    Parameters
    ----------
    name : the column: timestamps, dates, ISO texts, or numbers.
    every : of times: a number and s, min, h, d, w, mo or y, such as "1d" or "15min", counted from 1970 (weeks
        from a Monday); a window is ISO text, such as 2024-03-07 or 2024-03-07T14:00, in the column's zone,
        where the hour that comes twice a year is one. Of numbers: a width > 0, counted from 0; infinite ones
        are the windows inf and -inf.

    Windows without rows are not there. Raises InvalidParameter, and DataError where the column holds neither.
    """

    name: str
    every: str | float

    def __post_init__(self) -> None:
        if isinstance(self.every, str):
            if not WRITTEN.fullmatch(self.every):
                rule = f"a number and one of {', '.join(UNITS)}, such as '1d', or a width > 0"
                raise InvalidParameter("every", rule, self.every)
        elif not isinstance(self.every, int | float) or not 0 < self.every < float("inf"):
            raise InvalidParameter("every", "a finite width > 0", self.every)

    @property
    def reads(self) -> tuple[str, ...]:
        """The column itself."""
        return (self.name,)

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        """The window of each row, as a dictionary of texts; null where the time is missing."""
        column = batch.column(self.name)
        if not isinstance(self.every, str):
            starts = self._starts(numbers(column, self.name))
            coded = pa.array(starts, from_pandas=True).dictionary_encode()
            texts = [_told(start * self.every, self.every) for start in coded.dictionary.to_pylist()]
            return pa.DictionaryArray.from_arrays(coded.indices, texts)
        coded = self._times(column).dictionary_encode()
        number, unit = WRITTEN.fullmatch(self.every).groups()  # type: ignore[union-attr]
        name, form = UNITS[unit]
        starts = pc.floor_temporal(coded.dictionary, multiple=int(number), unit=name)
        texts = pc.strftime(starts.cast(pa.timestamp("s")), format=form)
        # Of times that fall into one window the first gives its number.
        again = texts.dictionary_encode()
        return pa.DictionaryArray.from_arrays(again.indices.take(coded.indices), again.dictionary)

    def _starts(self, values: np.ndarray) -> np.ndarray:
        """How many widths from 0 the window of each number starts, (n,) float64; NaN where missing."""
        with np.errstate(over="ignore"):
            at = values / float(self.every)
        if (np.isfinite(values) & ~(np.abs(at) < FARTHEST)).any():
            raise DataError(
                f"column {self.name!r} holds numbers that lie too many windows of {self.every:g} from 0 to "
                "be told apart: take a larger width, or numbers nearer to 0"
            )
        # Of decimal widths quotients miss whole numbers by a hair: 0.3 / 0.1 is 2.9999999999999996.
        whole = np.rint(at)
        # Without -0, which is no other window.
        return np.where(np.isclose(at, whole, rtol=1e-15, atol=1e-9), whole, np.floor(at)) + 0.0

    def _times(self, column: pa.Array) -> pa.Array:
        values, of = plain(column), kind(column.type)
        if of == "text":
            try:
                return values.cast(pa.timestamp("us"))
            except pa.ArrowInvalid as problem:
                raise DataError(f"column {self.name!r} must hold times for {self}: {problem}") from problem
        if of == "null":
            return values.cast(pa.timestamp("us"))
        if of != "time":
            hint = ": give a width as a number" if of == "number" else ""
            raise DataError(f"column {self.name!r} must hold times for {self}, got {column.type}{hint}")
        if pa.types.is_date(values.type):
            return values.cast(pa.timestamp("s"))
        # Arrow refuses to cut hours that come twice.
        return pc.local_timestamp(values) if values.type.tz else values


def _told(start: float, every: float) -> str:
    """A number's window by its start, in as few digits as tell it from the next one."""
    shorter = (f"{start:.{digits}g}" for digits in range(12, 17))
    return next((text for text in shorter if abs(float(text) - start) < every / 1000), f"{start:.17g}")

"""One figure with its uncertainty."""

import math
from dataclasses import dataclass

from mlflow_prod.errors import InvalidParameter

# Names of measures of which a lower figure is the better one.
LOWER_IS_BETTER = frozenset(
    {
        "arena",
        "brier",
        "bytes",
        "bytes_moved",
        "drifted_columns",
        "drifted_share",
        "ece",
        "failures",
        "gzip_bytes",
        "log_loss",
        "mae",
        "mape",
        "multiply_adds",
        "rmse",
    }
    | {"p50", "p95", "p99", "batch_256_p50", "batch_256_p95", "probability_gap", "score_gap"}
    | {"difference/brier", "difference/log_loss", "difference/mae"}
)
Slice = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Measure:
    """One figure: a value, its 95% interval where one is known, and what it was counted on.

    Parameters
    ----------
    name : the field's standard term in snake case, such as `accuracy`.
    value : finite float, in `unit`.
    low, high : ends of the 95% interval, in `unit`; None where no interval is known.
    n : rows (or trials) the figure rests on, >= 0; None where that has no meaning.
    slice : pairs of column and value, sorted by column; empty for all rows.
    unit : "" for a pure number, else such as `ms` or `bytes`.
    against : digest of the model that `value` is a difference to, else "".

    Raises
    ------
    InvalidParameter : a value that is not finite, or an interval that does not hold its value.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    slice: Slice = ()
    unit: str = ""
    against: str = ""

    def __post_init__(self) -> None:
        if not (
            math.isfinite(self.value)
            and (self.low is None or math.isfinite(self.low))
            and (self.high is None or math.isfinite(self.high))
        ):
            figures = {"value": self.value, "low": self.low, "high": self.high}
            name = next(
                name for name, number in figures.items() if number is not None and not math.isfinite(number)
            )
            raise InvalidParameter(f"{self.title}: {name}", "a finite number", figures[name])
        # An interval from an approximation may miss its value by a rounding error, never by more.
        slack = 1e-9 * max(1.0, abs(self.value))
        if self.low is not None and self.low > self.value + slack:
            raise InvalidParameter(f"{self.title}: low", f"at most value ({self.value})", self.low)
        if self.high is not None and self.high < self.value - slack:
            raise InvalidParameter(f"{self.title}: high", f"at least value ({self.value})", self.high)
        if self.n is not None and self.n < 0:
            raise InvalidParameter(f"{self.title}: n", ">= 0", self.n)
        object.__setattr__(self, "slice", tuple(sorted((str(c), str(v)) for c, v in self.slice)))

    @property
    def title(self) -> str:
        """The name it sorts and compares under: `slice/sex/Female/true_positive_rate`.

        >>> Measure("accuracy", 0.9).title
        'accuracy'
        """
        if not self.slice:
            return self.name
        return "/".join(["slice", *(part for pair in self.slice for part in pair), self.name])

    @property
    def figure(self) -> str:
        """Value, unit and interval as a person reads them.

        >>> Measure("bytes", 29488.0, unit="bytes").figure
        '29,488 bytes'
        >>> Measure("accuracy", 0.9, 0.88, 0.92).figure
        '0.9 [0.88, 0.92]'
        """
        interval = (
            "" if self.low is None or self.high is None else f" [{_read(self.low)}, {_read(self.high)}]"
        )
        return f"{_read(self.value)}{f' {self.unit}' if self.unit else ''}{interval}"

    def __str__(self) -> str:
        return f"{self.title} {self.figure}"


def told(cut: Slice) -> str:
    """A slice in words, such as `sex Female, town a`; "" of all rows."""
    return ", ".join(f"{column} {value}" for column, value in cut)


def _read(number: float) -> str:
    return f"{number:,.0f}" if 10_000 <= abs(number) < 1e15 else f"{number:.4g}"

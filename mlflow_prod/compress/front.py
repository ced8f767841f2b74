"""Which of several small models: who is beaten by none, and the smallest that loses little enough."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import LOWER_IS_BETTER, Measure

# What is tried where nobody names recipes: each converter, and the steps that go well with integers.
AUTO = (
    "float16",
    "dynamic_range",
    "weight_only",
    "int8",
    "int16x8",
    "int4",
    "qat+int8",
    "prune(0.75)+int8",
    "cluster(16)+int8",
    "prune(0.75)+cluster(16)+qat+int8",
)
# Of each kind of task the figure whose loss decides.
DECIDES = ("accuracy", "mae")


@dataclass(frozen=True)
class Candidate:
    """A small model and what it costs; of everything less is better.

    Parameters
    ----------
    recipe : how it was made, which also names it.
    loss, loss_low, loss_high : by how much it is worse than its original on the same rows, and the ends of
        the paired 95% interval; accuracy as a share, or the mean absolute error in the target's unit.
    bytes, gzip_bytes : size of its file, raw and packed.
    latency : ms for one row, the median.
    arena : bytes of memory for its activations.

    Raises InvalidParameter for a figure that is not finite, and an interval that does not hold its loss.
    """

    recipe: str
    loss: float
    loss_low: float
    loss_high: float
    bytes: float
    gzip_bytes: float
    latency: float
    arena: float

    def __post_init__(self) -> None:
        for name, number in vars(self).items():
            if name != "recipe" and not math.isfinite(number):
                raise InvalidParameter(f"{self.recipe}: {name}", "a finite number", number)
        if not self.loss_low <= self.loss <= self.loss_high:
            ends = (self.loss_low, self.loss_high)
            raise InvalidParameter(f"{self.recipe}: loss", f"within its interval {ends}", self.loss)

    @classmethod
    def of(cls, recipe: str, measures: Iterable[Measure]) -> "Candidate":
        """From the measures of `compression` and `latency`; InvalidParameter names what they lack."""
        found = {measure.name: measure for measure in measures if not measure.slice and not measure.against}
        name = next((f"difference/{name}" for name in DECIDES if f"difference/{name}" in found), "")
        needed = (name or f"difference/{DECIDES[0]}", "bytes", "gzip_bytes", "p50", "arena")
        if lacking := [measure for measure in needed if measure not in found]:
            raise InvalidParameter(f"{recipe}: measures", f"with {', '.join(lacking)}", sorted(found))
        of = found[name]
        if of.low is None or of.high is None:
            raise InvalidParameter(f"{recipe}: {name}", "one with an interval: measure more rows", of.figure)
        # A difference of accuracy below 0 is a loss, one of errors above 0; 0.0 less 0.0 has no sign.
        ends = (of.value, of.low, of.high)
        worse = ends if name in LOWER_IS_BETTER else (0.0 - of.value, 0.0 - of.high, 0.0 - of.low)
        return cls(recipe, *worse, *(found[measure].value for measure in needed[1:]))

    @property
    def costs(self) -> tuple[float, ...]:
        """What counts on the front: the cautious end of the loss, bytes, gzip_bytes, latency, arena."""
        return (self.loss_high, self.bytes, self.gzip_bytes, self.latency, self.arena)


def front(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Those that no other beats: none costs as little in everything and less in something, in given order.

    The loss counts by the cautious end of its interval, not by its value, which may be small by chance.
    Latencies are compared as measured: of two that differ by noise alone both may stay.
    """
    return tuple(one for one in candidates if not any(_beats(other, one) for other in candidates))


def choose(candidates: Sequence[Candidate], tolerance: float) -> Candidate | None:
    """The smallest whose loss is at most `tolerance` even at the cautious end of its interval; None: nobody.

    Smallest by what is sent and stored, the packed size, which also shows what pruning and clustering save; a
    tie goes to the smaller raw size, then latency, arena, loss, and the recipe that is first in the alphabet.

    `tolerance` is finite, >= 0, in the unit of the losses, else InvalidParameter. One out of many that was
    picked for its figures looks better than it is: measure it on other rows before anybody relies on them.
    """
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise InvalidParameter("tolerance", "finite and >= 0", tolerance)
    tolerable = [one for one in candidates if one.loss_high <= tolerance]
    return min(
        tolerable,
        key=lambda one: (one.gzip_bytes, one.bytes, one.latency, one.arena, one.loss_high, one.recipe),
        default=None,
    )


def front_table(candidates: Sequence[Candidate], tolerance: float) -> pd.DataFrame:
    """A row for each candidate, smallest first: its fields, `on_front`, and `chosen` by `choose`."""
    best, chosen = front(candidates), choose(candidates, tolerance)
    rows = [
        {**vars(one), "on_front": one in best, "chosen": one == chosen}
        for one in sorted(candidates, key=lambda one: (one.gzip_bytes, one.recipe))
    ]
    return pd.DataFrame(rows, columns=[*Candidate.__dataclass_fields__, "on_front", "chosen"])


def _beats(one: Candidate, other: Candidate) -> bool:
    """Whether `one` costs no more in anything, and less in something."""
    pairs = list(zip(one.costs, other.costs, strict=True))
    return all(mine <= theirs for mine, theirs in pairs) and any(mine < theirs for mine, theirs in pairs)

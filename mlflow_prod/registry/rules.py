"""The rules a policy can state."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from mlflow_prod.evidence import LOWER_IS_BETTER

SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
AGE = rf"([0-9]+(?:\.[0-9]+)?) *({'|'.join(SECONDS)})"


def _age(text: Any) -> timedelta:
    found = re.fullmatch(AGE, text) if isinstance(text, str) else None
    if found is None or float(found[1]) <= 0:
        raise ValueError(f"must be a number above 0 and one of s, min, h, d, such as 7 d, got {text!r}")
    if float(found[1]) * SECONDS[found[2]] > 1e11:
        raise ValueError(f"must be less than 1,000,000 d, got {text!r}")
    return timedelta(seconds=float(found[1]) * SECONDS[found[2]])


@dataclass(frozen=True)
class Quantity:
    """A number, with a unit where the policy says one: `0.05`, `5 ms`, `20 kB`, `3 %`."""

    number: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.number:.6g}{' ' * bool(self.unit)}{self.unit}"


# By unit in a policy, the unit that measures are in and how many of those it is.
UNITS = {
    "us": ("ms", 1e-3),
    "ms": ("ms", 1.0),
    "s": ("ms", 1e3),
    "bytes": ("bytes", 1.0),
    "kB": ("bytes", 1e3),
    "MB": ("bytes", 1e6),
    "%": ("", 1e-2),
}
QUANTITY = rf"(-?[0-9]+(?:\.[0-9]+)?) *({'|'.join(UNITS)})"


def _quantity(value: Any) -> Quantity:
    if type(value) in (int, float):
        if not abs(value) < 1e300:
            raise ValueError(f"must be a finite number, got {value!r}")
        return Quantity(float(value))
    found = re.fullmatch(QUANTITY, value) if isinstance(value, str) else None
    if found is None:
        units = ", ".join(UNITS)
        raise ValueError(f"must be a plain number, such as 0.05 or 5 ms (units: {units}), got {value!r}")
    return Quantity(float(found[1]), found[2])


Bound = Annotated[
    Quantity,
    BeforeValidator(_quantity),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{QUANTITY}$"}]}),
]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], Field(strict=False)]
Width = Annotated[float, Field(allow_inf_nan=False, ge=0)]
Age = Annotated[
    timedelta,
    BeforeValidator(_age),
    # Ahead of the rest: not all of the digits are 0.
    WithJsonSchema({"type": "string", "pattern": f"^(?=[0-9.]*[1-9]){AGE}$"}),
]


class Strict(BaseModel):
    """A part of the policy: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Rule(Strict):
    """What every rule names: a measure of a check, and what makes that measure count.

    max_age : the evidence must be younger, such as `7 d`.
    rows_at_least : rows (or trials) the measure must rest on; of each slice where slices are compared.
    when : `incumbent`: asked only where a version holds the target, or held it.
    signed_by : signers of the policy, one of whom must have signed the evidence; empty: the section's.
    """

    check: Name
    measure: Name
    max_age: Age | None = None
    rows_at_least: Annotated[int, Field(ge=1)] | None = None
    when: Literal["incumbent"] | None = None
    signed_by: Names = ()

    def __str__(self) -> str:
        said = {name: getattr(self, name) for name in type(self).model_fields}
        return ", ".join(f"{name}: {_spelt(value)}" for name, value in said.items() if value)


def _spelt(value: Any) -> str:
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        unit = max((unit for unit in SECONDS if seconds >= SECONDS[unit]), key=lambda unit: SECONDS[unit])
        return f"{seconds / SECONDS[unit]:.6g} {unit}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


class Bounded(Rule):
    """A rule that has exactly one of several bounds."""

    BOUNDS: ClassVar[tuple[str, ...]] = ("at_least", "at_most")
    # Keys that would make it another form, told along where no bound is there.
    OTHER_FORMS: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if sum(getattr(self, name) is not None for name in self.BOUNDS) != 1:
            raise ValueError(f"needs exactly one of {', '.join(self.BOUNDS + self.OTHER_FORMS)}")
        return self


class Threshold(Bounded):
    """The measure against a number. `judge`: the value or an end of its 95% interval; without it the
    end that is cautious (low for `at_least`, high for `at_most`) where there is an interval, else the value.
    """

    OTHER_FORMS = ("versus", "across", "every")

    at_least: Bound | None = None
    at_most: Bound | None = None
    judge: Literal["value", "low", "high"] | None = None
    slice: dict[Name, Name] = {}


class Every(Bounded):
    """The measure of each slice against a number, by the cautious end of an interval that is widened for the
    number of slices (Bonferroni): a thousand slices refuse no more often by chance than one.

    with_rows : slices of fewer rows are not judged.
    """

    every: Literal["slice"]
    at_least: Bound | None = None
    at_most: Bound | None = None
    with_rows: Annotated[int, Field(ge=1)] = 1


class Versus(Bounded):
    """The measure against the incumbent's. Judged on the cautious end of the difference's interval where
    there is one, or always on the value with `judge: value`. Which way is better: `lower_is_better`, else
    lower for the measures in `LOWER_IS_BETTER` and higher for all others.

    With `at_least` or `at_most`: a measure of the two together, such as their agreement, against a number.
    """

    BOUNDS = ("worse_by_at_most", "at_least", "at_most")

    versus: Literal["incumbent"]
    worse_by_at_most: Width | None = None
    at_least: Bound | None = None
    at_most: Bound | None = None
    judge: Literal["value"] | None = None
    lower_is_better: bool | None = None
    slice: dict[Name, Name] = {}

    @property
    def wants_low(self) -> bool:
        """Whether a lower figure is the better one."""
        return self.measure in LOWER_IS_BETTER if self.lower_is_better is None else self.lower_is_better


class Across(Rule):
    """The largest gap of the measure between any two slices of a column, judged on its upper end."""

    across: Name
    gap_at_most: Width


def _form(rule: Any) -> str:
    # In angle brackets, so that an error's location cannot be mistaken for a key of the file.
    keys = rule if isinstance(rule, dict) else {}
    return next((f"<{form}>" for form in Threshold.OTHER_FORMS if form in keys), "<threshold>")


AnyRule = Annotated[
    Annotated[Threshold, Tag("<threshold>")]
    | Annotated[Versus, Tag("<versus>")]
    | Annotated[Across, Tag("<across>")]
    | Annotated[Every, Tag("<every>")],
    Discriminator(_form),
]

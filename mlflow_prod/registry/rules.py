"""The rules a policy can state."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from mlflow_prod.evidence import LOWER_IS_BETTER

SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}


def _age(text: Any) -> timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) *([a-z]+)", text) if isinstance(text, str) else None
    if found is None or found[2] not in SECONDS or float(found[1]) <= 0:
        raise ValueError(f"must be a number above 0 and one of s, min, h, d, such as 7 d, got {text!r}")
    if float(found[1]) * SECONDS[found[2]] > 1e11:
        raise ValueError(f"must be less than 1,000,000 d, got {text!r}")
    return timedelta(seconds=float(found[1]) * SECONDS[found[2]])


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], Field(strict=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Width = Annotated[float, Field(allow_inf_nan=False, ge=0)]
Age = Annotated[timedelta, BeforeValidator(_age)]


class Strict(BaseModel):
    """A part of the policy: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Rule(Strict):
    """What every rule names: a measure of a check, and what makes that measure count.

    max_age : the evidence must be younger, such as `7 d`.
    rows_at_least : rows (or trials) the measure must rest on; of each slice where slices are compared.
    signed_by : signers of the policy, one of whom must have signed the evidence; empty: the section's.
    """

    check: Name
    measure: Name
    max_age: Age | None = None
    rows_at_least: Annotated[int, Field(ge=1)] | None = None
    signed_by: Names = ()


class Threshold(Rule):
    """The measure against a number. `judge`: the value or an end of its 95% interval; without it the
    end that is cautious (low for `at_least`, high for `at_most`) where there is an interval, else the value.
    """

    at_least: Number | None = None
    at_most: Number | None = None
    judge: Literal["value", "low", "high"] | None = None
    slice: dict[Name, Name] = {}

    @model_validator(mode="after")
    def _one_bound(self) -> "Threshold":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs exactly one of at_least, at_most, versus, across")
        return self


class Versus(Rule):
    """The measure against the incumbent's. Judged on the cautious end of the difference's interval where
    there is one, or always on the value with `judge: value`. Which way is better: `lower_is_better`, else
    lower for the measures in `LOWER_IS_BETTER` and higher for all others.
    """

    versus: Literal["incumbent"]
    worse_by_at_most: Width
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
    return "<versus>" if "versus" in keys else "<across>" if "across" in keys else "<threshold>"


AnyRule = Annotated[
    Annotated[Threshold, Tag("<threshold>")]
    | Annotated[Versus, Tag("<versus>")]
    | Annotated[Across, Tag("<across>")],
    Discriminator(_form),
]

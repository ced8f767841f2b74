"""A section of the policy: what the models under one name or glob need for a set of targets."""

import unicodedata
from itertools import combinations
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from mlflow_prod.registry.rules import AnyRule, Names, Strict, Versus

# What a section with `every_version` protects, beside its targets: no stage or alias has an empty name.
NEW_VERSION = ""


def alike(asked: str, name: str) -> bool:
    """Whether some database may take a name for another one: a letter beyond ASCII may stand for any.

    >>> alike("champıøn", "Champion"), alike("champions", "champion")
    (True, False)
    """
    own, other = spelt(asked), spelt(name)
    return len(own) == len(other) and all(
        sign == letter or not sign.isascii() for sign, letter in zip(own, other, strict=True)
    )


def spelt(target: str) -> str:
    """A target's name without case, accents, width or blanks, which not every database tells apart.

    >>> spelt("ｃhámpion ")
    'champion'
    """
    plain = unicodedata.normalize("NFKD", target).casefold()
    return "".join(sign for sign in plain if sign.isprintable() and not unicodedata.combining(sign)).strip()


class OnSuccess(Strict):
    """`incumbent`: `archive` moves who held the target to the stage Archived, `keep` leaves it alone."""

    incumbent: Literal["archive", "keep"]


class Approvals(Strict):
    """How many people must have approved the files; `not_by: author`: others than whoever registered the
    version or submitted evidence about its files.
    """

    at_least: Annotated[int, Field(ge=1)]
    not_by: Literal["author"] | None = None


TargetName = Annotated[str, Field(pattern=r"\S")]
# `Section._has_targets`, for editors.
NEEDS_TARGETS: JsonDict = {
    "anyOf": [
        {"required": ["targets"], "properties": {"targets": {"minItems": 1}}},
        {"required": ["every_version"], "properties": {"every_version": {"const": True}}},
    ]
}


class Section(Strict):
    """What the models under one name or glob need for a set of targets; no rules: nothing but their files.

    every_version : true: each new version of these models needs it, so that only what passes gets in.
    signed_by : signers of the policy, one of whom must have signed what a rule rests on; empty: nobody need.
    approvals : of people, beside the evidence.
    on_success : what a promotion does, in the same step, to the version that held the target.
    rollback : `previous`: the version that held the target before may come back without new evidence.
    override_by : signers of the policy, each of whom may promote against the rules; empty: nobody may.
    enforce : false: what would be refused is allowed and written down, to try a policy out; else the file's.
    """

    model_config = ConfigDict(json_schema_extra=NEEDS_TARGETS)

    targets: Annotated[
        tuple[TargetName, ...], Field(strict=False, json_schema_extra={"uniqueItems": True})
    ] = ()
    every_version: bool = False
    require: Annotated[tuple[AnyRule, ...], Field(strict=False)]
    signed_by: Names = ()
    approvals: Approvals | None = None
    on_success: OnSuccess | None = None
    rollback: Literal["previous"] | None = None
    override_by: Names = ()
    enforce: bool | None = None

    def covers(self, target: str) -> bool:
        """Whether a stage or alias (any case), or NEW_VERSION, is protected."""
        if target == NEW_VERSION:
            return self.every_version
        return any(alike(target, name) for name in self.targets)

    @property
    def archives(self) -> bool:
        """Whether a promotion archives the incumbent."""
        return self.on_success == OnSuccess(incumbent="archive")

    @property
    def compares(self) -> bool:
        """Whether a decision looks at the incumbent."""
        return any(isinstance(rule, Versus) or rule.when == "incumbent" for rule in self.require)

    @model_validator(mode="after")
    def _has_targets(self) -> "Section":
        if not self.targets and not self.every_version:
            raise ValueError("needs targets, such as [Production, champion], or every_version: true")
        if not all(spelt(name) for name in self.targets):
            raise ValueError("targets must be names of stages and aliases, not blanks")
        for one, other in combinations(self.targets, 2):
            # Not `alike`, to which any two words of another script may be one.
            if spelt(one) == spelt(other):
                raise ValueError(f"targets must be named once each, and {one!r} and {other!r} are the same")
        return self

    @model_validator(mode="after")
    def _hand_down(self) -> "Section":
        rules = tuple(
            rule if rule.signed_by else rule.model_copy(update={"signed_by": self.signed_by})
            for rule in self.require
        )
        object.__setattr__(self, "require", rules)
        return self


# What holds where nothing is given.
CLOSED = Section(targets=("all",), require=())

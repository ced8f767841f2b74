"""What people ask of the gate beside promotions: each is the value of a reserved tag of a version.

So every client of MLflow can ask, also through a server, with the permissions that MLflow checks for tags.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from mlflow_prod.errors import EvidenceError, shown
from mlflow_prod.evidence.attestation import Attestation, read_json
from mlflow_prod.evidence.record import STORABLE, can_be_stored

RESERVED = "mlflow_prod."
# Tags that take something in; each keeps a short text of what was taken.
EVIDENCE_TAG = "mlflow_prod.evidence"
APPROVAL_TAG = "mlflow_prod.approval"
REVOCATION_TAG = "mlflow_prod.revocation"
OVERRIDE_TAG = "mlflow_prod.override"
ADOPTION_TAG = "mlflow_prod.adoption"
# Tags that the gate writes: what a version was promoted to, and the answer to a question.
PROMOTED_TAG = "mlflow_prod.promoted."
# At the end: what stands before it was written by people.
PROMOTED = re.compile(r", sha256 (?P<digest>[0-9a-f]{64})\Z")
NOT_COUNTED = "; not counted: "
DECISION_TAG = "mlflow_prod.decision"
# Questions, asked as aliases that nobody can set: MLflow allows no dots in one.
CHECK_ALIAS = "mlflow_prod.check."
PREVIOUS_ALIAS = "mlflow_prod.previous."

# Before the name of another model, which a copy goes into.
MODELS = "models:/"

LONGEST = 1_000
# As long as MLflow lets the name of a model be; aliases are shorter.
LONGEST_TARGET = 256
TARGET_RULE = f"a name of at most {LONGEST_TARGET} characters"


def fits_target(text: str) -> bool:
    """Whether a target fits in the ledger: some letters are longer in lower case."""
    return len(text.removeprefix(MODELS).lower()) <= LONGEST_TARGET


def _target(text: str) -> str:
    if not fits_target(text):
        raise ValueError(f"must be {TARGET_RULE}")
    return text


def _storable(text: Any) -> Any:
    if isinstance(text, str) and not can_be_stored(text):
        raise ValueError(f"must be {STORABLE}")
    return text


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]


class _Request(BaseModel):
    """JSON without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    _hold_storable = field_validator("*", mode="before")(_storable)

    @classmethod
    def read(cls, text: str) -> Self:
        """From a tag's value; EvidenceError names what is wrong."""
        what = cls.__name__.lower()
        _hold_short(text, what)
        return cls.made(**_object(read_json(text, what), what))

    @classmethod
    def made(cls, **content: Any) -> Self:
        """From its parts; EvidenceError names what is wrong."""
        what = cls.__name__.lower()
        try:
            return cls.model_validate(content)
        except ValidationError as problem:
            first = problem.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            rule = str(first.get("ctx", {}).get("error", first["msg"].lower()))
            got = "" if first["type"] == "missing" else f", got {shown(first['input'])}"
            raise EvidenceError(f"{what}: {key or 'it'}: {rule}{got}") from problem


class Approval(_Request):
    """Whoever is signed in approves that a version gets a target; `taken_back`: no longer does."""

    target: Annotated[Words, AfterValidator(_target)]
    note: Annotated[str, Field(max_length=LONGEST)] = ""
    taken_back: bool = False


class Revocation(_Request):
    """Evidence of a check about a version's files no longer counts, for a reason."""

    check: Words
    reason: Words


class Adoption(_Request):
    """A version that holds protected targets since before the gate is taken in."""

    note: Annotated[str, Field(max_length=LONGEST)] = ""


def write_envelope(attestation: Attestation) -> str:
    """A signed override as the value of its tag."""
    return json.dumps(attestation.to_dsse(), separators=(",", ":"))


def read_envelope(text: str) -> Attestation:
    """The inverse; EvidenceError where it is none, or longer than an override can be."""
    _hold_short(text, "override")
    envelope: Any = read_json(text, "override")
    return Attestation.from_dsse(envelope)


def _hold_short(text: str, what: str) -> None:
    if len(text) > 32 * LONGEST:
        raise EvidenceError(f"{what} must be at most {32 * LONGEST:,} characters, got {len(text):,}")


def _object(content: Any, what: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise EvidenceError(f"{what}: it: must be an object, got {shown(content)}")
    return content


def approval_text(target: str, users: Iterable[str], at: datetime, uncounted: str) -> str:
    """What a version bears under APPROVAL_TAG: who approved it for what, and whose word does not count."""
    said = f"{target} by {', '.join(sorted(users)) or 'nobody'} ({at:%Y-%m-%d})"
    return f"{said}{NOT_COUNTED}{uncounted}" if uncounted else said


def uncounted(text: str) -> str:
    """Whose approval does not count and why, by the tag's text; "" where each counts."""
    return text.partition(NOT_COUNTED)[2]


def promoted_text(digest: str, how: str, author: str, at: datetime) -> str:
    """What a version bears under PROMOTED_TAG and the target: when, by whom, how, and which bytes."""
    return f"{at:%Y-%m-%d %H:%M} UTC by {author}, {how}, sha256 {digest}"


def promoted_digest(tags: Mapping[str, str], target: str) -> str | None:
    """The digest of the files that were promoted to a stage or alias (any case), by the version's tags."""
    found = PROMOTED.search(tags.get(PROMOTED_TAG + target.lower(), ""))
    return found["digest"] if found else None

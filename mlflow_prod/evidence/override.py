"""An override: a person's signed word that a version gets a target whatever its evidence says."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from mlflow_prod.errors import EvidenceError, shown
from mlflow_prod.evidence.attestation import Attestation, read_statement, sign, state
from mlflow_prod.evidence.keys import SigningKey
from mlflow_prod.evidence.record import STORABLE, can_be_stored
from mlflow_prod.evidence.requests import LONGEST, TARGET_RULE, fits_target

PREDICATE = "urn:mlflow-prod:override:1"


@dataclass(frozen=True)
class Override:
    """Who breaks the glass for which files, and why. Good for one promotion, within minutes.

    Parameters
    ----------
    subject : sha256 hex digest of the files.
    model, version, target : what is to hold what, as the registry names them.
    person, reason : who answers for it, and why; neither may be empty, each at most 1,000 characters.
    made_at : when, in UTC with time zone.
    """

    subject: str
    model: str
    version: str
    target: str
    person: str
    reason: str
    made_at: datetime

    def __post_init__(self) -> None:
        for name in ("model", "version", "target", "person", "reason"):
            text = getattr(self, name)
            if rule := _broken_rule(name, text):
                raise EvidenceError(f"{name} of an override must be {rule}, got {shown(text)}")
        if self.made_at.tzinfo is None:
            raise EvidenceError("made_at of an override must carry a time zone")

    def sign(self, key: SigningKey) -> Attestation:
        """As an in-toto statement, signed."""
        predicate: dict[str, Any] = asdict(self) | {"made_at": self.made_at.astimezone(UTC).isoformat()}
        return sign(state(predicate.pop("subject"), PREDICATE, predicate), key)

    @classmethod
    def read(cls, attestation: Attestation) -> "Override":
        """What was signed; EvidenceError where it is no override."""
        subject, predicate = read_statement(attestation.statement, PREDICATE)
        expected = {"model", "version", "target", "person", "reason", "made_at"}
        if set(predicate) != expected:
            raise EvidenceError(f"an override must have exactly the keys {sorted(expected)}")
        try:
            made_at = datetime.fromisoformat(predicate.pop("made_at"))
        except (TypeError, ValueError) as problem:
            raise EvidenceError(f"made_at of an override must be a time in ISO 8601: {problem}") from problem
        return cls(subject, **predicate, made_at=made_at)


def _broken_rule(name: str, text: Any) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        return f"text of 1 to {LONGEST:,} characters"
    if not can_be_stored(text):
        return STORABLE
    return TARGET_RULE if name == "target" and not fits_target(text) else ""

"""Evidence as somebody stated it: an in-toto Statement, in a DSSE envelope that says who signed it.

Statement: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
Envelope: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
"""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence.keys import PublicKey, SigningKey
from mlflow_prod.evidence.record import STORABLE, Evidence, can_be_stored

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:mlflow-prod:evidence:1"
PAYLOAD = "application/vnd.in-toto+json"
# A record names one model and has one producer; a few more may countersign it.
MOST_SIGNATURES = 8


@dataclass(frozen=True)
class Signature:
    """One signature: the id of the key, a hint, and the signature's bytes."""

    key_id: str
    signature: bytes


@dataclass(frozen=True)
class Attestation:
    """Evidence with the very text that was signed. Without signatures it is anybody's word.

    Parameters
    ----------
    statement : the in-toto Statement, JSON text.
    signatures : of the statement; empty where nobody signed it.
    """

    statement: str
    signatures: tuple[Signature, ...] = ()

    def __post_init__(self) -> None:
        # What has no bytes cannot be signed.
        if not can_be_stored(self.statement):
            raise EvidenceError(f"a statement must be {STORABLE}")

    @cached_property
    def evidence(self) -> Evidence:
        """What is stated; EvidenceError where the text is no such statement."""
        subject, predicate = read_statement(self.statement, PREDICATE)
        return Evidence.from_dict({**predicate, "subject": subject})

    def signers(self, keys: Mapping[str, PublicKey]) -> frozenset[str]:
        """The names of those of `keys` that signed the statement."""
        message = _pre_authentication_encoding(self.statement.encode())
        return frozenset(
            name
            for name, key in keys.items()
            if any(key.verifies(message, one.signature) for one in self.signatures)
        )

    def to_dsse(self) -> dict[str, Any]:
        """The envelope as JSON values, as other DSSE tools read it."""
        return {
            "payloadType": PAYLOAD,
            "payload": _base64(self.statement.encode()),
            "signatures": [{"keyid": one.key_id, "sig": _base64(one.signature)} for one in self.signatures],
        }

    @classmethod
    def from_dsse(cls, envelope: Any) -> "Attestation":
        """The inverse, strict; raises EvidenceError."""
        if not isinstance(envelope, dict) or set(envelope) != {"payloadType", "payload", "signatures"}:
            raise EvidenceError("a DSSE envelope must have the keys payload, payloadType and signatures")
        if envelope["payloadType"] != PAYLOAD:
            raise EvidenceError(f"payloadType must be {PAYLOAD!r}, got {envelope['payloadType']!r}")
        try:
            statement = _bytes(envelope["payload"], "payload").decode()
        except UnicodeDecodeError as problem:
            raise EvidenceError(f"payload must be UTF-8 text: {problem}") from problem
        return cls(statement, read_signatures(envelope["signatures"]))


def attest(evidence: Evidence, key: SigningKey | None = None) -> Attestation:
    """Evidence as a statement, signed where there is a key."""
    predicate = evidence.to_dict()
    return sign(state(predicate.pop("subject"), PREDICATE, predicate), key)


def sign(statement: str, key: SigningKey | None) -> Attestation:
    """A statement with the key's signature; without any where there is no key."""
    if key is None:
        return Attestation(statement)
    message = _pre_authentication_encoding(statement.encode())
    return Attestation(statement, (Signature(key.public.id, key.sign(message)),))


def state(subject: str, predicate_type: str, predicate: Mapping[str, Any]) -> str:
    """The in-toto Statement about a model's files with the digest `subject`."""
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": "model", "digest": {"sha256": subject}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    return json.dumps(statement, separators=(",", ":"))


def read_statement(text: str, predicate_type: str) -> tuple[str, dict[str, Any]]:
    """(subject, predicate), the inverse of `state`; raises EvidenceError where it is another statement."""
    stated = read_json(text, "statement")
    expected = {"_type", "subject", "predicateType", "predicate"}
    if not isinstance(stated, dict) or set(stated) != expected:
        raise EvidenceError(f"a statement must be an object with exactly the keys {sorted(expected)}")
    for key, wanted in (("_type", STATEMENT), ("predicateType", predicate_type)):
        if stated[key] != wanted:
            raise EvidenceError(f"a statement's {key} must be {wanted!r}, got {stated[key]!r}")
    match stated["subject"]:
        case [{"name": "model", "digest": {"sha256": str(digest)}}]:
            subject = digest
        case other:
            raise EvidenceError(f"a statement must have one subject, a model by its sha256, got {other!r}")
    predicate = stated["predicate"]
    if not isinstance(predicate, dict) or "subject" in predicate:
        raise EvidenceError("a statement's predicate must be an object without a subject of its own")
    return subject, predicate


def read_signatures(entries: Any) -> tuple[Signature, ...]:
    """Signatures from JSON values; EvidenceError where they are none, or more than a record can need."""
    if not isinstance(entries, list) or len(entries) > MOST_SIGNATURES:
        raise EvidenceError(f"signatures must be a list of at most {MOST_SIGNATURES}")
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or not {"sig"} <= set(entry) <= {"sig", "keyid"}:
            raise EvidenceError("a signature must be an object with the keys keyid and sig")
        key_id = entry.get("keyid", "")
        if not isinstance(key_id, str) or len(key_id) > 64:
            raise EvidenceError("a signature's keyid must be a text of at most 64 characters")
        found.append(Signature(key_id, _bytes(entry["sig"], "sig")))
    return tuple(found)


def read_json(text: str, what: str) -> Any:
    """JSON in which no object names a key twice; raises EvidenceError."""
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except EvidenceError:
        raise
    except (ValueError, RecursionError) as problem:
        raise EvidenceError(f"{what} must be JSON: {problem}") from problem


def _pre_authentication_encoding(payload: bytes) -> bytes:
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = min(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise EvidenceError(f"a key is named twice: {twice[:80]!r}")
    return found


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: Any, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as problem:
        raise EvidenceError(f"{name} must be base64, got {str(text)[:40]!r}") from problem

"""Evidence as one short text that travels in a model version tag."""

import base64
import json
import zlib
from collections.abc import Sequence

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence.attestation import Attestation, read_json, read_signatures

SENT_LIMIT = 512 * 1024
INFLATED_LIMIT = 8 * 1024 * 1024


def pack(attestations: Sequence[Attestation]) -> str:
    """Attestations as base64 of zlib of JSON; raises EvidenceError above 512 KiB.

    Statements travel as text, since base64 of base64 would pack half as well: `unpack` gives the same bytes,
    so that signatures hold.
    """
    entries = [
        {"statement": one.statement, "signatures": one.to_dsse()["signatures"]} for one in attestations
    ]
    text = json.dumps(entries, separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    if len(packed) > SENT_LIMIT:
        raise EvidenceError(
            f"evidence packs to {len(packed):,} bytes, more than {SENT_LIMIT:,}: send fewer slices"
        )
    return packed


def unpack(envelope: str) -> tuple[Attestation, ...]:
    """The inverse of `pack`. Sizes are checked before anything is parsed; raises EvidenceError.

    What the statements say has been read as well: `evidence` of each raises nothing.
    """
    if len(envelope) > SENT_LIMIT:
        raise EvidenceError(f"envelope must be at most {SENT_LIMIT:,} characters, got {len(envelope):,}")
    try:
        inflater = zlib.decompressobj()
        text = inflater.decompress(base64.b64decode(envelope, validate=True), INFLATED_LIMIT).decode()
    except (ValueError, zlib.error) as problem:
        raise EvidenceError(f"envelope must be base64 of zlib of JSON: {problem}") from problem
    if inflater.unconsumed_tail:
        raise EvidenceError(f"envelope must inflate to at most {INFLATED_LIMIT:,} bytes")
    if not inflater.eof:
        raise EvidenceError("envelope is cut short")
    entries = read_json(text, "envelope, unpacked,")
    if not isinstance(entries, list) or not entries:
        raise EvidenceError("envelope must hold a list of at least one statement")
    return tuple(_read(entry) for entry in entries)


def _read(entry: object) -> Attestation:
    if not isinstance(entry, dict) or set(entry) != {"statement", "signatures"}:
        raise EvidenceError(
            "an entry of an envelope must be an object with the keys statement and signatures"
        )
    if not isinstance(entry["statement"], str):
        raise EvidenceError("an entry's statement must be text")
    attestation = Attestation(entry["statement"], read_signatures(entry["signatures"]))
    _ = attestation.evidence
    return attestation

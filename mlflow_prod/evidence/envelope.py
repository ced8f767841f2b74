"""Evidence as one short text that travels in a model version tag."""

import base64
import json
import zlib
from collections.abc import Sequence

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence.record import Evidence

SENT_LIMIT = 512 * 1024
INFLATED_LIMIT = 8 * 1024 * 1024


def pack(evidence: Sequence[Evidence]) -> str:
    """The records as base64 of zlib of JSON; raises EvidenceError above 512 KiB."""
    text = json.dumps([record.to_dict() for record in evidence], separators=(",", ":"), sort_keys=True)
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    if len(packed) > SENT_LIMIT:
        raise EvidenceError(
            f"evidence packs to {len(packed):,} bytes, more than {SENT_LIMIT:,}: send fewer slices"
        )
    return packed


def unpack(envelope: str) -> tuple[Evidence, ...]:
    """The inverse of `pack`. Sizes are checked before anything is parsed; raises EvidenceError."""
    if len(envelope) > SENT_LIMIT:
        raise EvidenceError(f"envelope must be at most {SENT_LIMIT:,} characters, got {len(envelope):,}")
    try:
        inflater = zlib.decompressobj()
        text = inflater.decompress(base64.b64decode(envelope, validate=True), INFLATED_LIMIT)
        if inflater.unconsumed_tail:
            raise EvidenceError(f"envelope must inflate to at most {INFLATED_LIMIT:,} bytes")
        if not inflater.eof:
            raise EvidenceError("envelope is cut short")
        records = json.loads(text, object_pairs_hook=_without_duplicates)
    except EvidenceError:
        raise
    except (ValueError, zlib.error, RecursionError) as problem:
        raise EvidenceError(f"envelope must be base64 of zlib of JSON: {problem}") from problem
    if not isinstance(records, list) or not records:
        raise EvidenceError("envelope must hold a list of at least one evidence record")
    return tuple(Evidence.from_dict(record) for record in records)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise EvidenceError(
            f"envelope names a key twice: {sorted(n for n in names if names.count(n) > 1)[0]!r}"
        )
    return dict(pairs)

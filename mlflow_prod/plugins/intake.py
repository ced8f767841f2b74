"""Evidence that comes in as the value of a reserved tag."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from mlflow_prod.errors import EvidenceError, ModelError
from mlflow_prod.evidence import Attestation, PublicKey, unpack
from mlflow_prod.plugins.holders import location_of
from mlflow_prod.plugins.model_files import ModelFiles, look_at
from mlflow_prod.registry import CHECK_LENGTH, CLOCK_SLACK


def examine(
    store: SqlAlchemyStore, name: str, version: str, envelope: str, signers: Mapping[str, PublicKey]
) -> tuple[tuple[Attestation, ...], ModelFiles]:
    """What an envelope holds, and the files it is about: those of this version, or EvidenceError.

    Of `signers`, the keys that the policy trusts, one must have signed whatever is signed at all.
    """
    attestations = unpack(envelope)
    for attestation in attestations:
        _hold_signed(attestation, signers)
    evidence = [attestation.evidence for attestation in attestations]
    with store.ManagedSessionMaker(read_only=False) as session:
        location = location_of(store._get_sql_model_version(session, name, version))
    if location is None:
        raise EvidenceError(f"{name} version {version} is a prompt: evidence is about models")
    try:
        files = look_at(location)
    except ModelError as problem:
        raise EvidenceError(f"{name} version {version} cannot take evidence: {problem}") from problem
    checks = [record.check for record in evidence]
    if len(set(checks)) < len(checks):
        raise EvidenceError(f"an envelope must hold one record a check, got {', '.join(sorted(checks))}")
    now = datetime.now(UTC)
    for record in evidence:
        if len(record.check) > CHECK_LENGTH:
            raise EvidenceError(f"check must have at most {CHECK_LENGTH} characters, got {len(record.check)}")
        if record.subject != files.digest:
            raise EvidenceError(
                f"the {record.check} evidence is about files with digest {record.subject[:12]}, and {name} "
                f"version {version} holds files with digest {files.digest[:12]}: measure this version, or "
                f"register the files that were measured"
            )
        if record.made_at > now + CLOCK_SLACK:
            raise EvidenceError(
                f"the {record.check} evidence was made in the future ({record.made_at.isoformat()}): "
                f"set the clocks"
            )
    return attestations, files


def summary(attestations: Sequence[Attestation], signers: Mapping[str, PublicKey]) -> str:
    """What stands in the tag, of the newest evidence of each check.

    >>> from datetime import UTC, datetime
    >>> record = Evidence("fairness", "0" * 64, "1" * 64, (), made_at=datetime(2026, 11, 20, tzinfo=UTC))
    >>> summary([attest(record)], {})
    'fairness (1 check, unsigned, 2026-11-20)'
    """
    checks = sorted({attestation.evidence.check for attestation in attestations})
    last = max(attestation.evidence.made_at for attestation in attestations).astimezone(UTC)
    count = f"{len(checks)} check{'s' if len(checks) > 1 else ''}"
    by = [attestation.signers(signers) for attestation in attestations]
    names = sorted(frozenset().union(*by))
    signed = f"signed by {', '.join(names)}" if names else "unsigned"
    # Someone else's signature on one check says nothing of the others.
    partly = "partly " if names and not all(by) else ""
    return f"{', '.join(checks)} ({count}, {partly}{signed}, {last:%Y-%m-%d})"


def _hold_signed(attestation: Attestation, signers: Mapping[str, PublicKey]) -> None:
    if not attestation.signatures or not signers or attestation.signers(signers):
        return
    check, hints = attestation.evidence.check, {one.key_id for one in attestation.signatures}
    known = [name for name, key in signers.items() if key.id in hints]
    if known:
        raise EvidenceError(f"the {check} evidence was changed after {known[0]} signed it: measure it again")
    raise EvidenceError(
        f"the {check} evidence is signed by a key that the policy does not know, {', '.join(sorted(hints))}: "
        f"sign it by {' or '.join(sorted(signers))}, or add the key under `signers`"
    )

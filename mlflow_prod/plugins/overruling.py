"""Breaking the glass: what makes a person's signed word good."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from mlflow_prod import registry
from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import Attestation, Override, write_envelope
from mlflow_prod.plugins.hearing import Hearing


def overruled(
    connection: Connection, hearing: Hearing, override: Override, attestation: Attestation
) -> Hearing:
    """The hearing, allowed on a person's signed word; EvidenceError where that word does not hold."""
    asked, decision = hearing.asked, hearing.decision
    keys = {name: hearing.policy.signers[name] for name in hearing.section.override_by}
    if not keys:
        raise EvidenceError(
            f"{asked.target} of {asked.model} takes no override: the policy names nobody under override_by"
        )
    if not attestation.signers(keys):
        raise EvidenceError(f"the override must be signed by {' or '.join(sorted(keys))}, as the policy asks")
    if abs(datetime.now(UTC) - override.made_at) > registry.CLOCK_SLACK:
        raise EvidenceError(
            f"the override was signed at {override.made_at.isoformat()} and is good for "
            f"{registry.CLOCK_SLACK.total_seconds() / 60:.0f} minutes: sign it again, and set the clocks"
        )
    if override.subject != decision.subject:
        raise EvidenceError(
            f"the override is for files with digest {override.subject[:12]}, and {asked.model} "
            f"{asked.version} holds {decision.subject[:12] or 'none that can be read'}"
        )
    if registry.overridden_before(connection, attestation.to_dsse()["payload"]):
        raise EvidenceError("the override was used already: sign a new one")
    if decision.allowed:
        raise EvidenceError("the gate allows it without an override: ask for it as usual")
    signer = ", ".join(sorted(attestation.signers(keys)))
    return replace(
        hearing, decision=registry.break_glass(decision, override, signer), signed=write_envelope(attestation)
    )

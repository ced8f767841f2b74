"""Evidence on its way: into a run, along with its model, to the registry."""

import json
from collections.abc import Sequence

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import EVIDENCE_TAG, Attestation, Evidence, SigningKey, attest, pack
from mlflow_prod.tracking.reference import ModelReference
from mlflow_prod.tracking.registry import hold_gated
from mlflow_prod.tracking.run import Run

# The prefix of the logged model's tags that lead to its evidence.
TRAIL = "mlflow_prod.evidence."


def record(run: Run, evidence: Evidence, *, model_id: str) -> None:
    """Logs evidence as `evidence/CHECK.json`, to read, and as `evidence/CHECK.dsse.json`.

    The latter is signed where the environment holds a key (`SigningKey.of_environment`), and the logged model
    gets a trail to it, the newest last.
    """
    from mlflow import MlflowClient

    attestation = attest(evidence, SigningKey.of_environment())
    path = f"evidence/{evidence.check}.dsse.json"
    run.log_text(json.dumps(evidence.to_dict(), indent=1), f"evidence/{evidence.check}.json")
    run.log_text(json.dumps(attestation.to_dsse()), path)
    if model_id:
        MlflowClient().set_logged_model_tags(model_id, {TRAIL + evidence.check: f"runs:/{run.id}/{path}"})


def collect(model_id: str, subject: str) -> tuple[Attestation, ...]:
    """The newest evidence of each check that was recorded for a logged model, sorted by check.

    Raises EvidenceError where a record cannot be read, or is about other bytes than `subject`.
    """
    from mlflow import MlflowClient
    from mlflow.artifacts import load_text
    from mlflow.exceptions import MlflowException

    tags = MlflowClient().get_logged_model(model_id).tags
    found = []
    for uri in (tags[key] for key in sorted(tags) if key.startswith(TRAIL)):
        try:
            attestation = Attestation.from_dsse(json.loads(load_text(uri)))
            evidence = attestation.evidence
        except (MlflowException, OSError, json.JSONDecodeError) as problem:
            raise EvidenceError(
                f"evidence at {uri} cannot be read: {problem}; measure the model again"
            ) from problem
        if evidence.subject != subject:
            raise EvidenceError(
                f"evidence at {uri} is about a model with digest {evidence.subject[:12]}, but the files of "
                f"{model_id} now have {subject[:12]}: it was changed after it was measured; measure it again"
            )
        found.append(attestation)
    return tuple(found)


def submit(name: str, version: str, attestations: Sequence[Attestation]) -> None:
    """Sends evidence to a version in the registry, where the gate checks it and keeps it in its ledger.

    Raises InvalidParameter where the registry's URI leads past the gate: what is sent there counts nowhere.
    """
    from mlflow import MlflowClient

    hold_gated(name)
    MlflowClient().set_model_version_tag(name, version, EVIDENCE_TAG, pack(attestations))


def hand_in(reference: ModelReference, evidence: Sequence[Evidence]) -> None:
    """Submits what was just recorded, where it is about a registered version; else there is nothing to do.

    A key signs a record always the same, so that the registry gets what the run got.
    """
    if reference.version:
        key = SigningKey.of_environment()
        submit(reference.name, reference.version, [attest(record, key) for record in evidence])

"""Evidence on its way: into a run, along with its model, to the registry."""

import json
from collections.abc import Sequence

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import Evidence, pack
from mlflow_prod.tracking.registry import SUBMISSION, hold_gated
from mlflow_prod.tracking.run import Run

# The prefix of the logged model's tags that lead to its evidence.
TRAIL = "mlflow_prod.evidence."


def record(run: Run, evidence: Evidence, *, model_id: str) -> None:
    """Logs evidence as `evidence/CHECK.json` and leaves a trail to it on the logged model, newest last."""
    from mlflow import MlflowClient

    path = f"evidence/{evidence.check}.json"
    run.log_text(json.dumps(evidence.to_dict(), indent=1), path)
    if model_id:
        MlflowClient().set_logged_model_tags(model_id, {TRAIL + evidence.check: f"runs:/{run.id}/{path}"})


def collect(model_id: str, subject: str) -> tuple[Evidence, ...]:
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
            evidence = Evidence.from_dict(json.loads(load_text(uri)))
        except (MlflowException, OSError, json.JSONDecodeError) as problem:
            raise EvidenceError(
                f"evidence at {uri} cannot be read: {problem}; measure the model again"
            ) from problem
        if evidence.subject != subject:
            raise EvidenceError(
                f"evidence at {uri} is about a model with digest {evidence.subject[:12]}, but the files of "
                f"{model_id} now have {subject[:12]}: it was changed after it was measured; measure it again"
            )
        found.append(evidence)
    return tuple(found)


def submit(name: str, version: str, evidence: Sequence[Evidence]) -> None:
    """Sends evidence to a version in the registry, where the gate checks it and keeps it in its ledger.

    Raises InvalidParameter where the registry's URI leads past the gate: what is sent there counts nowhere.
    """
    from mlflow import MlflowClient

    hold_gated()
    MlflowClient().set_model_version_tag(name, version, SUBMISSION, pack(evidence))

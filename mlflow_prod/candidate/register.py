"""A logged model becomes a version in the registry, with its evidence and its card."""

from mlflow_prod import report
from mlflow_prod.candidate.load import load
from mlflow_prod.errors import EvidenceError, ModelError
from mlflow_prod.tracking import ModelReference, collect, submit


def register(reference: ModelReference, name: str) -> str:
    """Creates a version of registered model `name` with the evidence recorded for it, and returns its number.

    The version's description is the model card. Where the registry does not take the evidence the version is
    deleted again, so that none is left half-made. Raises EvidenceError where the model was never measured.
    """
    import mlflow
    from mlflow import MlflowClient

    if not reference.model_id:
        raise ModelError(f"{reference.uri} was not logged to the tracking server: log it, then register it")
    evidence = collect(reference.model_id, reference.digest)
    if not evidence:
        raise EvidenceError(
            f"{reference.uri} has no evidence: measure it first, by\n"
            f"mlflow run . -e evaluate -P model_uri={reference.uri}"
        )
    client = MlflowClient()
    version = str(mlflow.register_model(f"models:/{reference.model_id}", name).version)
    try:
        submit(name, version, evidence)
        data = str(reference.metadata.get("data", ""))
        client.update_model_version(
            name, version, report.model_card(load(reference).task, data, reference.digest, list(evidence))
        )
    except BaseException:
        client.delete_model_version(name, version)
        raise
    return version

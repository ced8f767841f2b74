"""A logged model becomes a version in the registry, with its evidence and its card."""

from contextlib import suppress

from mlflow_prod import report
from mlflow_prod.candidate.load import load
from mlflow_prod.errors import EvidenceError, ModelError
from mlflow_prod.tracking import ModelReference, collect, submit


def register(reference: ModelReference, name: str) -> str:
    """Creates a version of registered model `name` with the evidence recorded for it, and returns its number.

    The version's description is the model card. Where the registry does not take the version or its evidence,
    what was made until then is deleted again. Raises EvidenceError where the model was never measured.
    """
    import mlflow
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    if not reference.model_id:
        raise ModelError(f"{reference.uri} was not logged to the tracking server: log it, then register it")
    attestations = collect(reference.model_id, reference.digest)
    if not attestations:
        raise EvidenceError(
            f"{reference.uri} has no evidence: measure it first, by\n"
            f"mlflow run . -e evaluate -P model_uri={reference.uri}"
        )
    card = report.model_card(
        load(reference).task,
        str(reference.metadata.get("data", "")),
        reference.digest,
        [attestation.evidence for attestation in attestations],
        name=name,
        recipe=str(reference.metadata.get("recipe", "")),
    )
    client = MlflowClient()
    is_new = not client.search_registered_models(f"name = '{name}'")
    version = ""
    try:
        version = str(mlflow.register_model(f"models:/{reference.model_id}", name).version)
        submit(name, version, attestations)
        client.update_model_version(name, version, card)
    except BaseException:
        if version:
            client.delete_model_version(name, version)
        # MLflow makes the registered model before its first version.
        if is_new and not client.search_model_versions(f"name = '{name}'"):
            with suppress(MlflowException):
                client.delete_registered_model(name)
        raise
    return version

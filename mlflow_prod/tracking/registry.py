"""Whether the registry that MLflow points at stands behind the gate."""

from urllib.parse import urlparse

from mlflow_prod.errors import EvidenceError, InvalidParameter
from mlflow_prod.evidence import EVIDENCE_TAG, unpack

# What reaches the registry's tables without a server in between.
DIRECT = ("sqlite", "postgresql", "mysql", "mssql", "file", "")


def hold_gated(name: str = "", version: str = "") -> None:
    """Raises InvalidParameter or EvidenceError where promotions would be judged by nobody.

    That is where the registry's URI leads past the gate to its database or folder. A server is known by
    version `version` of model `name`: a gate takes evidence out of the tag that it was sent in. Without one
    nothing can be told.
    """
    import mlflow
    from mlflow import MlflowClient

    scheme = urlparse(mlflow.get_registry_uri()).scheme.partition("+")[0]
    if scheme in DIRECT:
        # The URI itself may hold a password.
        raise InvalidParameter(
            "MLFLOW_REGISTRY_URI", "the gate before a database, such as gated:sqlite:///mlflow.db", scheme
        )
    served = scheme in ("http", "https")
    if (
        served
        and name
        and _is_envelope(MlflowClient().get_model_version(name, version).tags.get(EVIDENCE_TAG, ""))
    ):
        raise EvidenceError(
            f"the server keeps the evidence of {name} {version} as a tag and judges nothing: start it with "
            "--registry-store-uri gated:... and submit the evidence again, by register, evaluate or monitor"
        )


def _is_envelope(text: str) -> bool:
    try:
        unpack(text)
    except EvidenceError:
        return False
    return True

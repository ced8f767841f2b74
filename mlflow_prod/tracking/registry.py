"""Whether the registry that MLflow points at stands behind the gate."""

from urllib.parse import urlparse

from mlflow_prod.errors import EvidenceError, InvalidParameter
from mlflow_prod.evidence import unpack
from mlflow_prod.tracking.evidence import SUBMISSION

# What reaches the registry's tables without a server in between.
DIRECT = ("sqlite", "postgresql", "mysql", "mssql", "file", "")


def hold_gated(name: str = "", version: str = "") -> None:
    """Raises InvalidParameter where promotions would be judged by nobody.

    That is where the registry's URI leads past the gate to its database or folder; and, of a server, where
    the evidence of version `version` of model `name` still stands in its tag as it was sent, since a gate
    takes it out. Of a server without such a version nothing can be told.
    """
    import mlflow
    from mlflow import MlflowClient

    scheme = urlparse(mlflow.get_registry_uri()).scheme.partition("+")[0]
    if scheme in DIRECT:
        # The URI itself may hold a password.
        raise InvalidParameter(
            "MLFLOW_REGISTRY_URI", "the gate before a database, such as gated:sqlite:///mlflow.db", scheme
        )
    if name and _is_envelope(MlflowClient().get_model_version(name, version).tags.get(SUBMISSION, "")):
        raise InvalidParameter(
            "MLFLOW_REGISTRY_URI",
            "a server started with --registry-store-uri gated:..., which takes evidence in and judges it",
            f"a server that keeps it as a tag of {name} {version}",
        )


def _is_envelope(text: str) -> bool:
    try:
        unpack(text)
    except EvidenceError:
        return False
    return True

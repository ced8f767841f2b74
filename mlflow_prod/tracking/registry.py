"""Whether the registry that MLflow points at stands behind the gate."""

from urllib.parse import urlparse

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import PREVIOUS_ALIAS

# What reaches the registry's tables without a server in between.
DIRECT = ("sqlite", "postgresql", "mysql", "mssql", "file", "")


def hold_gated(name: str) -> None:
    """Raises InvalidParameter where promotions of the registered model `name` would be judged by nobody.

    That is where the registry's URI leads past the gate to its database or folder, or to a server without
    one: MLflow's own store takes a question to the gate for an alias that nobody could have set.
    """
    import mlflow
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    scheme = urlparse(mlflow.get_registry_uri()).scheme.partition("+")[0]
    if scheme in DIRECT:
        # The URI itself may hold a password.
        raise InvalidParameter(
            "MLFLOW_REGISTRY_URI", "the gate before a database, such as gated:sqlite:///mlflow.db", scheme
        )
    if scheme not in ("http", "https"):
        return
    try:
        MlflowClient().get_model_version_by_alias(name, f"{PREVIOUS_ALIAS}Production")
    except MlflowException as answer:
        if "Invalid alias name" in answer.message:
            rule = "a server that was started with --registry-store-uri gated:..., so that somebody judges"
            raise InvalidParameter("MLFLOW_REGISTRY_URI", rule, "one without") from answer

"""The files of a model version, wherever its location points."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlparse

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import append_to_uri_path, is_local_uri

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder, fingerprint_of_folder

# Where a server keeps what clients know as `mlflow-artifacts:`; MLflow sets it for its workers.
DESTINATION = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"


@dataclass(frozen=True)
class ModelFiles:
    """What stood at a location: the digest of the files and, of a local folder, their fingerprint."""

    location: str
    digest: str
    fingerprint: tuple[tuple[str, int, int, int, int], ...] | None

    def unchanged(self) -> bool:
        """Whether the fingerprint is still the same: quick, always true of files that are not local."""
        if self.fingerprint is None:
            return True
        try:
            return fingerprint_of_folder(local_file_uri_to_path(_resolved(self.location))) == self.fingerprint
        except (ModelError, OSError):
            return False


def look_at(location: str) -> ModelFiles:
    """Digests the files at `location`: a local folder where it stands, anything else in a temporary copy.

    Raises ModelError where they cannot be read.
    """
    try:
        resolved = _resolved(location)
        if is_local_uri(resolved):
            folder = Path(local_file_uri_to_path(resolved))
            if not folder.is_absolute():
                raise ModelError("a local location must be absolute: others read it from elsewhere")
            # Taken before the digest, so that a write in between shows.
            fingerprint = fingerprint_of_folder(folder)
            return ModelFiles(location, digest_of_folder(folder), fingerprint)
        with TemporaryDirectory() as scratch:
            folder = Path(get_artifact_repository(resolved).download_artifacts("", scratch))
            return ModelFiles(location, digest_of_folder(folder), None)
    except (ModelError, MlflowException, OSError, ValueError, ImportError) as problem:
        raise ModelError(f"The files at {location} cannot be read: {problem}") from problem


def _resolved(location: str) -> str:
    if urlparse(location).scheme == "runs":
        location = RunsArtifactRepository.get_underlying_uri(location)
    destination = os.environ.get(DESTINATION)
    parsed = urlparse(location)
    if parsed.scheme != "mlflow-artifacts" or not destination:
        return location
    if ".." in parsed.path.split("/"):
        raise ModelError(f"a location must not lead upwards, got {location}")
    return append_to_uri_path(destination, parsed.path.lstrip("/"))

"""The files of a model version, wherever its location points."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import append_to_uri_path, is_local_uri, validate_path_is_safe

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import ModelFile, digest_of_files, files_of_folder
from mlflow_prod.plugins.artifact_stores.elsewhere import files_elsewhere, repository_at
from mlflow_prod.plugins.artifact_stores.s3 import files_in_s3

# Where a server keeps what clients know as `mlflow-artifacts:`; MLflow sets it for its workers.
DESTINATION = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"
# In an address, what stands before its last @, and a query: some stores take keys there. Where an @ follows
# a question mark, nobody can tell which is in which.
SECRETS = re.compile(r"(?<=://)(?:\S*\?\S*@\S*|\S*@)|\?\S+")
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class ModelFiles:
    """What stood at a location: the files' digest, and their fingerprint, by which a later write shows."""

    location: str
    digest: str
    fingerprint: tuple[tuple[str | int | None, ...], ...]

    def unchanged(self) -> bool:
        """Whether the fingerprint is still the same: reads no content, but asks a remote store for a list."""
        try:
            return _fingerprint(_files(self.location)) == self.fingerprint
        except (ModelError, MlflowException, OSError, ValueError):
            return False


def look_at(location: str) -> ModelFiles:
    """Digests the files at `location`, streamed from where they are; ModelError where they cannot be read."""
    try:
        files = _files(location)
        # Taken before the digest, so that a write in between shows.
        fingerprint = _fingerprint(files)
        return ModelFiles(location, digest_of_files(files), fingerprint)
    except (ModelError, MlflowException, OSError, ValueError) as problem:
        raise ModelError(_told(location, str(problem))) from problem


def _told(location: str, problem: str) -> str:
    # Some errors quote a part of an address, such as what they took for its port.
    secret = {word for found in SECRETS.findall(location) for word in WORD.findall(found)}
    said = WORD.sub(lambda word: "" if word[0] in secret else word[0], problem)
    return SECRETS.sub("", " ".join(f"The files at {location} cannot be read: {said}".split()))


def _fingerprint(files: Sequence[ModelFile]) -> tuple[tuple[str | int | None, ...], ...]:
    return tuple(file.mark for file in files)


def _files(location: str) -> Sequence[ModelFile]:
    resolved = _resolved(location)
    if is_local_uri(resolved):
        folder = Path(local_file_uri_to_path(resolved))
        if not folder.is_absolute():
            raise ModelError("a local location must be absolute: others read it from elsewhere")
        return files_of_folder(folder)
    repository = repository_at(resolved)
    if isinstance(repository, S3ArtifactRepository):
        return files_in_s3(repository)
    return files_elsewhere(repository)


def _resolved(location: str) -> str:
    if urlparse(location).scheme == "models":
        location = ModelsArtifactRepository.get_underlying_uri(location)
    if urlparse(location).scheme == "runs":
        location = RunsArtifactRepository.get_underlying_uri(location)
    destination = os.environ.get(DESTINATION)
    parsed = urlparse(location)
    # Where a server is named, clients go there, which need not be this one.
    if parsed.scheme != "mlflow-artifacts" or parsed.netloc or not destination:
        return location
    # Decoded as the server does, so that a client is given the same files.
    path = _in_its_workspace(validate_path_is_safe(parsed.path.lstrip("/")))
    if "?" in path:
        raise ModelError(f"a location must hold no question mark, got {location}")
    # What stands encoded for good may be decoded once more by one reader and not by the other.
    if "%" in path:
        raise ModelError(f"a location must hold no % once it is decoded, nor a control sign, got {location}")
    return append_to_uri_path(destination, path)


def _in_its_workspace(path: str) -> str:
    # The server's own rule, which keeps the files of each workspace in a folder of its own; it lies in a
    # module that only a server has loaded.
    from mlflow.server.handlers import _get_workspace_scoped_repo_path_if_enabled

    return str(_get_workspace_scoped_repo_path_if_enabled(path))

"""Files in any other store that MLflow knows, its plugins' too."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Stream


@dataclass(frozen=True)
class RemoteFile:
    """A file that is fetched to be read, and then deleted: one at a time needs space on disk."""

    name: str
    size: int | None
    repository: ArtifactRepository

    @property
    def mark(self) -> tuple[str, int | None]:
        """(name, size): a file that is overwritten by one of the same size looks the same."""
        return self.name, self.size

    @contextmanager
    def open(self) -> Iterator[Stream]:
        """Its bytes, in a temporary file."""
        with TemporaryDirectory() as scratch:
            copy = Path(scratch, "copy")
            with _told():
                self.repository._download_file(self.name, str(copy))
            with copy.open("rb") as stream:
                yield stream


def repository_at(location: str) -> ArtifactRepository:
    """MLflow's repository for a location; ModelError where it knows none, or a package is missing."""
    with _told():
        return get_artifact_repository(location)


def files_elsewhere(repository: ArtifactRepository) -> list[RemoteFile]:
    """The files in the repository, by its own listing; ModelError where it cannot be listed."""
    with _told():
        return [
            RemoteFile(found.path, found.file_size, repository)
            for found in repository._iter_artifacts_recursive("")
            if not found.is_dir
        ]


@contextmanager
def _told() -> Iterator[None]:
    # Each store raises what its own SDK raises: an unknown kind must still refuse, and be written down.
    try:
        yield
    except Exception as problem:
        raise ModelError(str(problem)) from problem

"""The subject of evidence: the bytes of a model."""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from mlflow_prod.errors import ModelError

# MLflow writes this file into a model's folder when the model is read by a `models:` URI, with contents
# that differ by URI; it is no part of the model, unless somebody has put other content under its name.
WRITTEN_ON_LOADING = "registered_model_meta"
ITS_CONTENT = re.compile(rb"((model_name|model_version): [^\n]*(\n  [^\n]*)*(\n|$))*")
ITS_LONGEST = 4096
CHUNK = 1 << 20


class Stream(Protocol):
    """Bytes that are read in pieces."""

    def read(self, size: int, /) -> bytes: ...


class ModelFile(Protocol):
    """A file of a model, wherever it is kept."""

    @property
    def name(self) -> str:
        """Its path below the model's folder, with slashes."""

    @property
    def mark(self) -> tuple[str | int | None, ...]:
        """What is cheap to know of it and changed by a later write, as far as its store tells."""

    def open(self) -> AbstractContextManager[Stream]:
        """Its bytes, from the start; ModelError or OSError where they cannot be read."""


@dataclass(frozen=True)
class LocalFile:
    """A file of a model in a local folder."""

    name: str
    path: Path

    @property
    def mark(self) -> tuple[str, int, int, int, int]:
        """(name, size, mtime_ns, ctime_ns, inode)."""
        status = self.path.stat()
        return self.name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino

    def open(self) -> BinaryIO:
        """Its bytes."""
        return self.path.open("rb")


def digest_of_bytes(content: bytes) -> str:
    """sha256 as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of_files(files: Iterable[ModelFile]) -> str:
    """sha256 over the sorted manifest (path, size, sha256) of a model's files, 64 hex digits.

    Files are streamed, one after the other. Raises ModelError where there are none.
    """
    manifest = [
        [file.name, *_size_and_digest(file)]
        for file in sorted(files, key=lambda file: file.name)
        if not _is_mlflows(file)
    ]
    if not manifest:
        raise ModelError("there are no files")
    return digest_of_bytes(json.dumps(manifest, separators=(",", ":")).encode())


def digest_of_folder(folder: str | Path) -> str:
    """The digest of all files below `folder`.

    Raises ModelError where the folder is missing, empty, or holds a link, which could point at bytes outside
    of it.
    """
    return digest_of_files(files_of_folder(folder))


def files_of_folder(folder: str | Path) -> list[LocalFile]:
    """The files below `folder` that its digest is about; raises ModelError as `digest_of_folder` does."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError(f"no model folder at {folder}")
    found = []
    for parent, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(parent, name)
            if path.is_symlink():
                raise ModelError(f"a model's folder must hold no links, got {path}")
        found += [Path(parent, name) for name in names]
    for path in found:
        if not path.is_file():
            raise ModelError(f"a model's folder must hold regular files only, got {path}")
    files = sorted(
        (LocalFile(path.relative_to(folder).as_posix(), path) for path in found), key=lambda file: file.name
    )
    files = [file for file in files if not _is_mlflows(file)]
    if not files:
        raise ModelError(f"the model folder {folder} is empty")
    return files


def _is_mlflows(file: ModelFile) -> bool:
    if file.name != WRITTEN_ON_LOADING:
        return False
    with file.open() as stream:
        content = stream.read(ITS_LONGEST + 1)
    return len(content) <= ITS_LONGEST and ITS_CONTENT.fullmatch(content) is not None


def _size_and_digest(file: ModelFile) -> tuple[int, str]:
    size, hashed = 0, hashlib.sha256()
    with file.open() as stream:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            hashed.update(chunk)
    return size, hashed.hexdigest()

"""The subject of evidence: the bytes of a model."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from mlflow_prod.errors import ModelError

# MLflow writes this file into a model's folder when the model is read by a `models:` URI, with contents
# that differ by URI; it is no part of the model, unless somebody has put other content under its name.
WRITTEN_ON_LOADING = "registered_model_meta"
ITS_CONTENT = re.compile(rb"((model_name|model_version): [^\n]*(\n  [^\n]*)*(\n|$))*")
ITS_LONGEST = 4096


def digest_of_bytes(content: bytes) -> str:
    """sha256 as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of_folder(folder: str | Path) -> str:
    """sha256 over the sorted manifest (path, size, sha256) of all files below `folder`, 64 hex digits.

    Files are streamed. Raises ModelError where the folder is missing, empty, or holds
    a link, which could point at bytes outside of it.
    """
    manifest = [[name, path.stat().st_size, _digest_of_file(path)] for name, path in _files(Path(folder))]
    return digest_of_bytes(json.dumps(manifest, separators=(",", ":")).encode())


def fingerprint_of_folder(folder: str | Path) -> tuple[tuple[str, int, int, int, int], ...]:
    """(path, size, mtime_ns, ctime_ns, inode) of each file: cheap, and changed by any later write."""
    marks = []
    for name, path in _files(Path(folder)):
        status = path.stat()
        marks.append((name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    return tuple(marks)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        raise ModelError(f"no model folder at {folder}")
    found = []
    for parent, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(parent, name)
            if path.is_symlink():
                raise ModelError(f"a model's folder must hold no links, got {path}")
        found += [Path(parent, name) for name in names]
    files = sorted((path.relative_to(folder).as_posix(), path) for path in found)
    for _, path in files:
        if not path.is_file():
            raise ModelError(f"a model's folder must hold regular files only, got {path}")
    files = [(name, path) for name, path in files if name != WRITTEN_ON_LOADING or not _is_mlflows(path)]
    if not files:
        raise ModelError(f"the model folder {folder} is empty")
    yield from files


def _is_mlflows(path: Path) -> bool:
    return path.stat().st_size <= ITS_LONGEST and ITS_CONTENT.fullmatch(path.read_bytes()) is not None


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

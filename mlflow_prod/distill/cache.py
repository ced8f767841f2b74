"""What teachers said of rows, kept on disk, so that a teacher is asked once."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np

# A digest of the bytes before it ends each file: what was cut off or changed is asked for anew.
SEAL = hashlib.sha256().digest_size
VARIABLE = "MLFLOW_PROD_CACHE"


def cache_folder() -> Path:
    """`$MLFLOW_PROD_CACHE`, else `mlflow-prod` in the user's cache folder (`$XDG_CACHE_HOME`, `~/.cache`)."""
    if own := os.environ.get(VARIABLE):
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME", "")
    # The standard has relative paths ignored.
    base = Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache"
    return base / "mlflow-prod"


def key_of(*parts: str) -> str:
    """A name, 64 hex digits, for what depends on these texts alone: digests of the model and of the rows."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def cached(folder: Path, key: str, rows: int, make: Callable[[], np.ndarray]) -> tuple[np.ndarray, str]:
    """(what `make` returns, read-only from disk; where it came from, in words).

    Floats (rows, ...), as `FOLDER/teachers/KEY.npy`, memory-mapped: made where they are not there, or are not
    whole any more. A file of somebody else's cannot run code here, pickles are not read. Files are as large
    as the arrays and are never deleted: delete the folder whenever you like. Where it cannot be written, the
    array is given as it was made, and the words say why.
    """
    path = folder / "teachers" / f"{key}.npy"
    if (kept := _read(path, rows)) is not None:
        return kept, "read from the cache"
    made = np.ascontiguousarray(make())
    try:
        _write(path, made)
    except OSError as problem:
        return made, f"asked, not kept: {problem.strerror or problem}"
    kept = _read(path, rows)
    return made if kept is None else kept, "asked and kept"


def _read(path: Path, rows: int) -> np.ndarray | None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            state, left = hashlib.sha256(), size - SEAL
            while left > 0 and (piece := file.read(min(left, 1 << 20))):
                state.update(piece)
                left -= len(piece)
            if file.read() != state.digest():
                return None
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception:
        # A file that is no array may fail in any way; all mean that the teacher is to be asked.
        return None
    return array if array.dtype.kind == "f" and array.ndim and len(array) == rows else None


def _write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        part = Path(file.name)
    try:
        with part.open("wb") as file:
            np.save(file, array, allow_pickle=False)
        with part.open("rb") as file:
            seal = hashlib.file_digest(file, "sha256").digest()
        with part.open("ab") as file:
            file.write(seal)
        # Whole or not at all, whoever else writes the same.
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)

"""Networks that others saved."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_prod.errors import ModelError

if TYPE_CHECKING:
    import keras

# What reads a file may be ended by it, so a process of its own reads it first.
FIRST_READING = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
import keras
keras.saving.load_model(sys.argv[1], compile=False, safe_mode=True)
"""
TIMEOUT = 300.0
# What such files begin with: a zip archive, and HDF5.
BEGINNING = {".keras": b"PK\x03\x04", ".h5": b"\x89HDF"}
# What Keras says of code in a file; its own advice is to run it.
OWN_CODE = ("`Lambda`", "Could not locate class", "Could not locate function")
INSTEAD = (
    "code in the file is not run: build the network of Keras's own layers, or save it by "
    "network.export(folder) and give the folder"
)


def find_network(folder: Path) -> Path:
    """The one network below a folder: a `.keras` or `.h5` file, or the folder of a SavedModel.

    Raises ModelError where there is none, or more than one.
    """
    found = [*folder.rglob("*.keras"), *folder.rglob("*.h5")]
    found += [file.parent for file in folder.rglob("saved_model.pb")]
    if len(found) != 1:
        names = ", ".join(str(path.relative_to(folder)) for path in sorted(found)) or "none"
        raise ModelError(f"{folder} must hold one .keras or .h5 file or one SavedModel, found {names}")
    return found[0]


def read_network(path: Path) -> "keras.Model":
    """The Keras network in a `.keras` or `.h5` file that others saved, not compiled; takes some 10 s.

    It is read in a child process first, which a malformed file may end. Code in it (Lambda layers, classes of
    their own) is not run. Raises ModelError.
    """
    with path.open("rb") as file:
        if not file.read(4) == BEGINNING.get(path.suffix):
            raise ModelError(f"the network in {path} cannot be read: it is no {path.suffix} file inside")
    command = [sys.executable, "-P", "-c", FIRST_READING, str(path)]
    try:
        child = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False, text=True)
    except subprocess.TimeoutExpired as problem:
        raise ModelError(f"the network in {path} was not read within {TIMEOUT:g} s") from problem
    if child.returncode:
        lines = [line for line in child.stderr.strip().splitlines() if line.strip()] or ["no message"]
        raise ModelError(f"the network in {path} cannot be read: {_reason(lines)}")
    import keras

    return keras.saving.load_model(path, compile=False, safe_mode=True)


def _reason(lines: list[str]) -> str:
    # Keras' messages run over several lines: the one that begins with the error, and what follows.
    first = max((at for at, line in enumerate(lines) if not line.startswith(" ")), default=0)
    at = next((at for at, line in enumerate(lines) if line.split(":")[0].endswith("Error")), first)
    said = " ".join(line.strip() for line in lines[at : at + 4])[:500]
    if any(words in said for words in OWN_CODE):
        return f"{said.split('. ')[0]}; {INSTEAD}"
    return said

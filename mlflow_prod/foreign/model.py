"""A model of others, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow_prod.data import Features, Task
from mlflow_prod.errors import ModelError
from mlflow_prod.flavor import fetched
from mlflow_prod.foreign import child
from mlflow_prod.foreign.answers import read_answers
from mlflow_prod.foreign.arrays import Scores

# What leads to the stores or signs evidence, and is no business of a model's.
WITHHELD = ("MLFLOW_TRACKING_", "MLFLOW_REGISTRY_", "MLFLOW_RUN_ID", "MLFLOW_PROD_")


@dataclass(frozen=True)
class ForeignModel:
    """A model folder that MLflow can load and this product did not make.

    Loading such a model can run code that is in its files. So it must be `trusted`, unless it is a
    scikit-learn model in skops format of types that skops knows to be safe. Either way it is loaded and asked
    in a child process (some 3 s a call, mostly imports), which gets rows and answers as files without
    pickles, and none of the variables that lead to the stores or hold the key for evidence. The child keeps
    this process whole where a model ends it; it is no sandbox, and has the rights of its parent.

    Parameters
    ----------
    folder : of the model.
    digest : of the folder (`evidence.digest_of_folder`): what answers is a copy with this digest.
    task : what its answers are about.
    columns : given to a model that does not name its own; () for all.
    trusted : whether code in its files may run.

    Raises
    ------
    ModelError : the model is not trusted, and needs to be; the message says why.
    """

    folder: Path
    digest: str
    task: Task
    columns: Sequence[str] = ()
    trusted: bool = False

    def __post_init__(self) -> None:
        if not self.trusted:
            safe_file(self.folder)

    def answer(self, features: Features) -> Scores:
        """Scores of raw rows; ModelError where the model does not answer, DataError as `read_answers`."""
        with TemporaryDirectory() as scratch, fetched(str(self.folder), self.digest) as private:
            work = Path(scratch)
            request = {
                "skops": "" if self.trusted else safe_file(private),
                "columns": list(self.columns),
                "classes": self.task.kind != "regression",
            }
            (work / child.REQUEST).write_text(json.dumps(request))
            child.write(work, child.ROWS, features)
            classes = _run(private, work)
            return read_answers(self.task, child.read(work, child.ANSWERS), len(features), classes)


@dataclass(frozen=True)
class Answered:
    """Answers that are there already, in the place of a model."""

    task: Task
    scores: Scores

    def answer(self, features: Features) -> Scores:
        """The answers; `features` must be the rows they were given to."""
        if len(features) != len(self.scores.values):
            raise ModelError(f"answers to {len(self.scores.values):,} rows, asked about {len(features):,}")
        return self.scores


def safe_file(folder: Path) -> str:
    """The skops file of a scikit-learn model that can be loaded without running code of its own.

    Raises ModelError for every other model, saying why and what to do.
    """
    from mlflow.models import Model

    flavors = Model.load(str(folder)).flavors
    known = ", ".join(name for name in flavors if name != "python_function") or "python_function"
    said = flavors.get("sklearn")
    said = said if isinstance(said, dict) else {}
    if said.get("serialization_format") != "skops":
        how = f"the format {said['serialization_format']}" if "serialization_format" in said else known
        raise _untrusted(f"loading it ({how}) can run code in its files")
    file = str(said.get("pickled_model", ""))
    path = (folder / file).resolve()
    if not path.is_file() or folder.resolve() not in path.parents:
        raise ModelError(f"the model has no file {file!r}, which its MLmodel names")
    import skops.io

    try:
        odd = skops.io.get_untrusted_types(file=path)
    except Exception as problem:
        # A broken archive fails in many ways; all mean the same to the caller.
        raise ModelError(f"{file} cannot be read as skops: {problem}") from problem
    if odd:
        raise _untrusted(f"it needs types that are not known to be safe ({', '.join(sorted(odd)[:5])})")
    return file


def _untrusted(why: str) -> ModelError:
    return ModelError(
        f"the model was not made by mlflow_prod, and {why}: if you trust who made it, say so with trust=true "
        "(-P trust=true); scikit-learn models saved in skops format, MLflow's default, mostly need none"
    )


def _run(model: Path, work: Path) -> tuple[str, ...]:
    """The classes that the child told, its answers written; ModelError with what went wrong in it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(WITHHELD)}
    # -P: a file of the current folder must not stand in for a package.
    command = [sys.executable, "-P", "-m", child.__name__, str(model), str(work)]
    ended = subprocess.run(command, capture_output=True, env=environment, check=False)
    result = work / child.RESULT
    if not result.is_file():
        lines = ended.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        killed = f"killed by {signal.Signals(-ended.returncode).name}: " if ended.returncode < 0 else ""
        raise ModelError(f"the model ended the process that asked it: {killed}{lines[-1]}")
    said: dict[str, Any] = json.loads(result.read_text())
    if "error" in said:
        raise ModelError(said["error"])
    return tuple(said["classes"])

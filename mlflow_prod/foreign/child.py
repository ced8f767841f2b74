"""The process in which a model of others answers: `python -m mlflow_prod.foreign.child MODEL WORK`.

`WORK` holds the request, and gets the answers: tables as Arrow, arrays of numbers as npy, the rest as JSON.
Nothing passes between the processes as a pickle.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.data import Features
from mlflow_prod.errors import DataError, ProdError

REQUEST, RESULT, ROWS, ANSWERS = "request.json", "result.json", "rows", "answers"


def main(model: Path, work: Path) -> None:
    """Loads the model at `model`, asks it about the rows in `work`, and writes there what it answers."""
    from mlflow_prod.foreign.ask import ask

    request = json.loads((work / REQUEST).read_text())
    try:
        loaded = _load_skops(model, request["skops"]) if request["skops"] else _load(model)
        features = read(work, ROWS)
        answers, classes = ask(loaded, features, request["columns"], classes=request["classes"])
        write(work, ANSWERS, answers)
        result: dict[str, Any] = {"classes": classes}
    except ProdError as problem:
        result = {"error": str(problem)}
    except Exception as problem:
        # Loading runs the code of others, which may raise anything.
        result = {"error": f"the model cannot be loaded: {type(problem).__name__}: {problem}"}
    (work / RESULT).write_text(json.dumps(result))


def write(work: Path, name: str, rows: Features) -> None:
    """Rows to a file, in a format that runs no code when it is read; DataError where they have none."""
    import pyarrow as pa
    from pyarrow import feather

    if isinstance(rows, np.ndarray):
        if rows.dtype.kind in "biuf":
            np.save(work / f"{name}.npy", rows, allow_pickle=False)
            return
        rows = pd.DataFrame(rows)
    rows = rows.reset_index(drop=True).set_axis([str(name) for name in rows.columns], axis=1)
    try:
        feather.write_feather(rows, str(work / f"{name}.arrow"), compression="lz4")
    except (pa.ArrowException, TypeError, ValueError) as problem:
        raise DataError(
            f"{name} must hold numbers, texts or dates, of one kind a column: {problem}"
        ) from problem


def read(work: Path, name: str) -> Features:
    """What `write` wrote."""
    from pyarrow import feather

    array = work / f"{name}.npy"
    if array.is_file():
        return np.asarray(np.load(array, allow_pickle=False))
    return feather.read_table(str(work / f"{name}.arrow")).to_pandas()


def _load(model: Path) -> Any:
    from mlflow import pyfunc

    return pyfunc.load_model(str(model))


def _load_skops(model: Path, file: str) -> Any:
    import skops.io
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

    # Without `trusted`, whatever the model's own list says: a type that is not known to be safe raises.
    return PyFuncModel(Model.load(str(model)), _Estimator(skops.io.load(model / file)))


class _Estimator:
    """An estimator, wrapped as MLflow's own flavor wraps it."""

    def __init__(self, estimator: Any):
        self._estimator = estimator

    def predict(self, rows: Features) -> Any:
        return self._estimator.predict(rows)

    def get_raw_model(self) -> Any:
        return self._estimator


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

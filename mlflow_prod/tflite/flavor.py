"""Saving, logging and loading TFLite models: MLflow's flavor `tflite`."""

import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_prod.errors import ModelError
from mlflow_prod.flavor import Answers, fetched, meaning, promoted, write
from mlflow_prod.tflite.check import check
from mlflow_prod.tflite.model import TFLiteModel

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature
    from mlflow.models.model import ModelInfo

FLAVOR = "tflite"
FILE = "model.tflite"


def save_model(
    model: TFLiteModel,
    path: str | Path,
    *,
    baseline: Mapping[str, Any] | None = None,
    mlflow_model: "Model | None" = None,
    signature: "ModelSignature | None" = None,
    input_example: Any = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Writes a model with its encoder as an MLflow model folder; see `mlflow_prod.flavor.write`."""
    write(
        model,
        path,
        own=lambda folder: _write_file(folder, model.content),
        flavor=FLAVOR,
        options={"data": FILE, "litert_version": version("ai-edge-litert")},
        loader=__name__,
        packages=["ai-edge-litert"],
        baseline=baseline,
        mlflow_model=mlflow_model,
        signature=signature,
        input_example=input_example,
        metadata=metadata,
    )


def log_model(
    model: TFLiteModel,
    name: str,
    *,
    baseline: Mapping[str, Any] | None = None,
    signature: "ModelSignature | None" = None,
    input_example: Any = None,
    metadata: dict[str, Any] | None = None,
    registered_model_name: str | None = None,
    step: int = 0,
) -> "ModelInfo":
    """Logs a model to the active run, or to a new one, under `name`; the rest as `save_model`."""
    from mlflow.models import Model

    return Model.log(
        artifact_path=None,
        name=name,
        flavor=sys.modules[__name__],
        flavor_name="mlflow_prod.tflite",
        registered_model_name=registered_model_name,
        step=step,
        model=model,
        baseline=baseline,
        signature=signature,
        input_example=input_example,
        metadata=metadata,
    )


def load_model(model_uri: str, *, digest: str | None = None) -> TFLiteModel:
    """The model at a URI or path.

    `digest` is that of the model's folder (`evidence.digest_of_folder`): files with another one are refused.
    Of what a gated registry promoted (`models:/NAME@ALIAS`) it is known, and need not be given.
    Without it the file is not trusted, and its first inference runs in a child process (0.3 to 1 s), since a
    malformed file can end the process that runs it. Raises ModelError.
    """
    uri, expected = (model_uri, digest) if digest else promoted(model_uri)
    with fetched(uri, expected) as folder:
        return _read(folder, trusted=expected is not None)


def _load_pyfunc(path: str) -> Answers:
    return Answers(_read(Path(path), trusted=False))


def _read(folder: Path, trusted: bool) -> TFLiteModel:
    encoder, task = meaning(folder)
    try:
        content = (folder / FILE).read_bytes()
    except OSError as problem:
        raise ModelError(f"{folder} has no {FILE} that can be read: {problem}") from problem
    if not trusted:
        check(content)
    return TFLiteModel(content, encoder, task)


def _write_file(folder: Path, content: bytes) -> None:
    (folder / FILE).write_bytes(content)

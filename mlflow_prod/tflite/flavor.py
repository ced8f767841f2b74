"""Saving, logging and loading TFLite models: MLflow's flavor `tflite`."""

import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mlflow_prod.errors import InvalidParameter, ModelError, shown
from mlflow_prod.flavor import (
    Answers,
    as_promoted,
    example,
    has_meaning,
    keep_meaning,
    meaning,
    opened,
    signature_of,
    write,
)
from mlflow_prod.tflite.arrays import FileAnswers, example_of_file, signature_of_file
from mlflow_prod.tflite.check import check
from mlflow_prod.tflite.contents import contents
from mlflow_prod.tflite.file import TFLiteFile
from mlflow_prod.tflite.model import TFLiteModel

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature
    from mlflow.models.model import ModelInfo

FLAVOR = "tflite"
FILE = "model.tflite"
# What can be saved: a model, a file, a file's bytes, or where one is.
Saved: TypeAlias = "TFLiteModel | TFLiteFile | bytes | str | Path"


def save_model(
    model: Saved,
    path: str | Path,
    *,
    baseline: Mapping[str, Any] | None = None,
    mlflow_model: "Model | None" = None,
    signature: "ModelSignature | Literal[False] | None" = None,
    input_example: Any = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Writes a TFLite model or a bare file as an MLflow model folder; see `mlflow_prod.flavor.write`.

    The flavor's entry in `MLmodel` tells what the file holds (`contents`), which run logged it, and the
    `recipe` that `metadata` names.

    Parameters
    ----------
    model : a `TFLiteModel`, which takes raw rows; or a file, which takes arrays: a `TFLiteFile`, bytes, or a
        path. Bytes and what a path leads to are checked first (`check`), ModelError where they do not run.
    signature, input_example : made from the encoder and the task, or from the file, unless given; False for
        no signature, so that `mlflow.pyfunc` leaves what is given, such as float64, to the file.
    """
    model = _read_saved(model)
    if isinstance(model, TFLiteModel):
        made, shown = signature_of(model.encoder, model.task), example(model.encoder)
    else:
        made, shown = signature_of_file(model), example_of_file(model)
    # `Model.log` keeps it to itself.
    said = metadata or (mlflow_model.metadata if mlflow_model else None) or {}
    write(
        path,
        own=lambda folder: _write_own(folder, model),
        flavor=FLAVOR,
        options={
            "data": FILE,
            "litert_version": version("ai-edge-litert"),
            "source_run": (mlflow_model.run_id if mlflow_model else None) or "",
            "recipe": str(said.get("recipe", "")),
            "contents": contents(model.content).to_dict(),
        },
        loader=__name__,
        packages=["ai-edge-litert"],
        baseline=baseline,
        mlflow_model=mlflow_model,
        signature=None if signature is False else signature or made,
        input_example=shown if input_example is None else input_example,
        metadata=metadata,
        config={"threads": 1},
    )


def log_model(
    model: Saved,
    name: str,
    *,
    baseline: Mapping[str, Any] | None = None,
    signature: "ModelSignature | Literal[False] | None" = None,
    input_example: Any = None,
    metadata: dict[str, Any] | None = None,
    registered_model_name: str | None = None,
    step: int = 0,
) -> "ModelInfo":
    """Logs a model or a bare file to the active run, or to a new one; the rest as `save_model`."""
    from mlflow.models import Model

    return Model.log(
        artifact_path=None,
        name=name,
        flavor=sys.modules[__name__],
        flavor_name="mlflow_prod.tflite",
        registered_model_name=registered_model_name,
        step=step,
        # Before MLflow makes an entry for it.
        model=_read_saved(model),
        baseline=baseline,
        signature=signature,
        input_example=input_example,
        metadata=metadata,
    )


def load_model(model_uri: str, *, digest: str | None = None, threads: int = 1) -> TFLiteModel | TFLiteFile:
    """The model at a URI or path: a `TFLiteModel` where it was saved with its encoder, else a `TFLiteFile`.

    `digest` is that of the model's folder (`evidence.digest_of_folder`): files with another one are refused.
    Of what a gated registry promoted (`models:/NAME@ALIAS`, `models:/NAME/VERSION`) it is known.
    Without it the file is not trusted, and its first inferences run in a child process (0.2 to 1 s), since a
    malformed file can end the process that runs it. `threads` as of `TFLiteFile`. Raises ModelError.
    """
    with opened(model_uri, digest) as (folder, known):
        return _read(folder, trusted=known, threads=threads)


def _load_pyfunc(path: str, model_config: Mapping[str, Any] | None = None) -> Answers | FileAnswers:
    """For `mlflow.pyfunc.load_model`, whose `model_config` may say `threads`."""
    with as_promoted(Path(path)) as (folder, known):
        model = _read(folder, trusted=known, threads=(model_config or {}).get("threads", 1))
    return Answers(model) if isinstance(model, TFLiteModel) else FileAnswers(model)


def _read(folder: Path, trusted: bool, threads: int) -> TFLiteModel | TFLiteFile:
    task = None
    if has_meaning(folder):
        encoder, task = meaning(folder)
    content = _bytes(folder / FILE)
    if not trusted:
        check(content)
    return (
        TFLiteFile(content, threads=threads)
        if task is None
        else TFLiteModel(content, encoder, task, threads=threads)
    )


def _read_saved(model: Saved) -> TFLiteModel | TFLiteFile:
    if isinstance(model, TFLiteModel | TFLiteFile):
        return model
    if not isinstance(model, bytes | str | Path):
        raise InvalidParameter("model", "a TFLiteModel, a TFLiteFile, bytes or a path", model)
    content = model if isinstance(model, bytes) else _bytes(Path(model))
    check(content)
    return TFLiteFile(content)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as problem:
        # A name with a zero byte is a ValueError.
        raise ModelError(f"{shown(str(path))} cannot be read as a TFLite file: {problem}") from problem


def _write_own(folder: Path, model: TFLiteModel | TFLiteFile) -> None:
    (folder / FILE).write_bytes(model.content)
    if isinstance(model, TFLiteModel):
        keep_meaning(folder, model)

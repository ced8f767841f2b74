"""Saving, logging and loading Keras models: MLflow's flavor `keras`, with the encoder beside the network."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow_prod.errors import ModelError
from mlflow_prod.flavor import (
    Answers,
    as_promoted,
    example,
    keep_meaning,
    meaning,
    opened,
    signature_of,
    write,
)
from mlflow_prod.models.keras_model import KerasModel

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature
    from mlflow.models.model import ModelInfo

# Where `mlflow.keras.load_model` looks for the network, so that it opens our folders as its own.
FLAVOR, DATA, FILE = "keras", "data", "model.keras"


def save_model(
    model: KerasModel,
    path: str | Path,
    *,
    baseline: Mapping[str, Any] | None = None,
    mlflow_model: "Model | None" = None,
    signature: "ModelSignature | None" = None,
    input_example: Any = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Writes a model with its encoder as an MLflow model folder; see `mlflow_prod.flavor.write`.

    `mlflow.keras.load_model` gives the bare network of such a folder, `mlflow.pyfunc` takes raw rows. The
    signature and the example, which holds no real rows, come from the encoder and the task unless given.
    """
    import keras

    write(
        path,
        own=lambda folder: _write_own(folder, model),
        flavor=FLAVOR,
        options={
            "data": DATA,
            "keras_version": keras.__version__,
            "keras_backend": keras.backend.backend(),
            "save_exported_model": False,
        },
        loader=__name__,
        packages=["keras", "tensorflow"],
        baseline=baseline,
        mlflow_model=mlflow_model,
        signature=signature_of(model.encoder, model.task) if signature is None else signature,
        input_example=example(model.encoder) if input_example is None else input_example,
        metadata=metadata,
    )


def log_model(
    model: KerasModel,
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
        flavor_name="mlflow_prod.models",
        registered_model_name=registered_model_name,
        step=step,
        model=model,
        baseline=baseline,
        signature=signature,
        input_example=input_example,
        metadata=metadata,
    )


def load_model(model_uri: str, *, digest: str | None = None) -> KerasModel:
    """The model at a URI or path, its network not compiled (`mlflow.keras.load_model` gives it compiled).

    `digest` is that of the model's folder (`evidence.digest_of_folder`): files with another one are refused.
    Of what a gated registry promoted (`models:/NAME@ALIAS`, `models:/NAME/VERSION`) it is known.
    Code in the file (Lambda layers) is not run. Raises ModelError.
    """
    with opened(model_uri, digest) as (folder, _):
        return _read(folder)


def _load_pyfunc(path: str) -> Answers:
    with as_promoted(Path(path)) as (folder, _):
        return Answers(_read(folder))


def _read(folder: Path) -> KerasModel:
    import keras

    encoder, task = meaning(folder)
    try:
        network = keras.saving.load_model(folder / DATA / FILE, compile=False, safe_mode=True)
    except Exception as problem:
        # A broken archive fails in many ways inside Keras; all mean the same to the caller.
        raise ModelError(f"the network in {folder / DATA / FILE} cannot be loaded: {problem}") from problem
    return KerasModel(network, encoder, task)


def _write_own(folder: Path, model: KerasModel) -> None:
    keep_meaning(folder, model)
    (folder / DATA).mkdir()
    model.network.save(folder / DATA / FILE)

"""Which model a URI means, and where its files are."""

import re
from dataclasses import dataclass
from pathlib import Path

from yaml import YAMLError

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_files, digest_of_folder
from mlflow_prod.evidence.subject import LocalFile

REGISTERED = re.compile(r"models:/(?P<name>[^/@]+)(/(?P<version>\d+)|@(?P<alias>[^/@]+))")


@dataclass(frozen=True)
class ModelReference:
    """A model as a URI found it.

    Parameters
    ----------
    uri : as given, such as `models:/loans@champion`, `models:/loans/3`, `models:/m-...` or `runs:/.../model`.
    folder : its files on this machine; of `at_path` perhaps one file.
    digest : sha256 of these files, the subject of evidence.
    model_id : MLflow's id of the logged model; "" for a folder that was never logged.
    name, version : of the registered model the URI names; "" where it names none.
    flavors : what can load it, such as `tflite`.
    metadata : what was stored with it in `MLmodel`.
    """

    uri: str
    folder: Path
    digest: str
    model_id: str
    name: str
    version: str
    flavors: tuple[str, ...]
    metadata: dict[str, object]


def at_path(path: str) -> ModelReference | None:
    """A network that MLflow never saw: a `.keras` or `.h5` file, or a SavedModel folder; None for others."""
    file = Path(path)
    if file.suffix in (".keras", ".h5") and file.is_file():
        digest, flavor = digest_of_files([LocalFile(file.name, file)]), "keras file"
    elif (file / "saved_model.pb").is_file():
        digest, flavor = digest_of_folder(file), "SavedModel"
    else:
        return None
    return ModelReference(path, file, digest, "", "", "", (flavor,), {})


def resolve(model_uri: str) -> ModelReference:
    """Finds a model, downloading it where it is not on this machine; ModelError says what was not found."""
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    name = version = ""
    if not model_uri:
        raise ModelError(
            "model_uri must name a model, such as models:/m-..., models:/NAME/VERSION or models:/NAME@ALIAS"
        )
    try:
        if registered := REGISTERED.fullmatch(model_uri):
            name = registered["name"]
            version = registered["version"] or str(
                MlflowClient().get_model_version_by_alias(name, registered["alias"]).version
            )
        folder = Path(download_artifacts(model_uri))
        logged = Model.load(folder)
        flavors, metadata = tuple(logged.flavors), dict(logged.metadata or {})
    except (MlflowException, OSError, ValueError, ImportError) as problem:
        raise ModelError(f"no model at model_uri {model_uri!r}: {problem}") from problem
    except (AttributeError, TypeError, RecursionError, YAMLError) as problem:
        # MLflow takes for granted that the file holds what it once wrote.
        raise ModelError(f"the MLmodel of model_uri {model_uri!r} cannot be read: {problem!r}") from problem
    return ModelReference(
        uri=model_uri,
        folder=folder,
        digest=digest_of_folder(folder),
        model_id=logged.model_id or "",
        name=name,
        version=version,
        flavors=flavors,
        metadata=metadata,
    )

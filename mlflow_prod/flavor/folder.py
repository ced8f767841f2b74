"""The folder of a logged model: its own files and what MLflow needs beside them."""

import json
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow_prod
from mlflow_prod.data import Task
from mlflow_prod.encoder import Encoder, from_dict
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.flavor.predictor import Predictor

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature

ENCODER, TASK, BASELINE = "encoder.json", "task.json", "baseline.json"
CONDA, PYTHON, REQUIREMENTS = "conda.yaml", "python_env.yaml", "requirements.txt"


def write(
    path: str | Path,
    *,
    own: Callable[[Path], None],
    flavor: str,
    options: Mapping[str, Any],
    loader: str,
    packages: Sequence[str],
    baseline: Mapping[str, Any] | None,
    mlflow_model: "Model | None",
    signature: "ModelSignature | None",
    input_example: Any,
    metadata: dict[str, Any] | None,
    config: Mapping[str, Any] | None = None,
) -> None:
    """Writes a model's folder whole or not at all: `path` appears when everything is in it.

    The requirements are pinned to what is installed. `mlflow-prod` is among them: an environment that MLflow
    builds by itself (`--env-manager uv`, `virtualenv`, `conda`) needs it on a package index, or its wheel
    (`pip wheel --no-deps .`) in a folder that `PIP_FIND_LINKS` or `UV_FIND_LINKS` names. With
    `--env-manager local` the running environment is taken as it is.

    Parameters
    ----------
    path : a folder that is new or empty.
    own : writes the files of the flavor into the folder it is given.
    flavor, options : name and entries of the flavor in `MLmodel`.
    loader : module whose `_load_pyfunc` reads the folder.
    packages : distributions that the flavor needs beside mlflow, mlflow-prod, numpy and pandas.
    baseline : written as `baseline.json` where given.
    mlflow_model, signature, input_example, metadata : as MLflow's flavors take them; None for none.
    config : what `mlflow.pyfunc.load_model(..., model_config=...)` may say otherwise.

    Raises
    ------
    InvalidParameter : `path` holds something. ModelError : it cannot be written.
    """
    path = Path(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InvalidParameter("path", "a folder that is new or empty", str(path))
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        draft.mkdir(parents=True)
        own(draft)
        if baseline is not None:
            _write_json(draft / BASELINE, baseline)
        _write_environment(draft, packages)
        _describe(draft, mlflow_model, flavor, options, loader, signature, input_example, metadata, config)
        draft.replace(path)
    except OSError as problem:
        raise ModelError(f"the model cannot be written to {path}: {problem}") from problem
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def keep_meaning(folder: Path, model: Predictor) -> None:
    """Writes a model's encoder and task into its folder, where `meaning` finds them."""
    _write_json(folder / ENCODER, model.encoder.to_dict())
    _write_json(folder / TASK, model.task.to_dict())


def has_meaning(folder: Path) -> bool:
    """Whether a folder's model was saved with its encoder and task, one of which may have been lost since."""
    return any((folder / name).exists() for name in (ENCODER, TASK))


def meaning(folder: Path) -> tuple[Encoder, Task]:
    """The encoder and the task that `keep_meaning` put there; ModelError where they cannot be read."""
    try:
        encoder, task = (json.loads((folder / name).read_text()) for name in (ENCODER, TASK))
        return from_dict(encoder), Task.from_dict(task)
    except FileNotFoundError as problem:
        raise ModelError(
            f"{folder} has no {Path(problem.filename).name}: only models that mlflow_prod logged carry one"
        ) from problem
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ModelError(f"{ENCODER} or {TASK} in {folder} cannot be read: {problem!r}") from problem


def _describe(
    folder: Path,
    mlflow_model: "Model | None",
    flavor: str,
    options: Mapping[str, Any],
    loader: str,
    signature: "ModelSignature | None",
    input_example: Any,
    metadata: dict[str, Any] | None,
    config: Mapping[str, Any] | None,
) -> None:
    from mlflow import pyfunc
    from mlflow.models import Model
    from mlflow.models.model import MLMODEL_FILE_NAME
    from mlflow.models.utils import _save_example

    described = Model() if mlflow_model is None else mlflow_model
    described.signature = signature
    if metadata is not None:
        described.metadata = metadata
    if input_example is not None:
        _save_example(described, input_example, str(folder))
    described.add_flavor(flavor, **options)
    pyfunc.add_to_model(
        described,
        loader_module=loader,
        conda_env=CONDA,
        python_env=PYTHON,
        model_config=None if config is None else dict(config),
    )
    described.model_size_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    described.save(str(folder / MLMODEL_FILE_NAME))


def _write_environment(folder: Path, packages: Sequence[str]) -> None:
    import yaml
    from mlflow.utils.environment import _mlflow_conda_env, _PythonEnv

    needed = ["mlflow", "numpy", "pandas", *packages]
    pinned = [f"{name}=={version(name)}" for name in needed] + [f"mlflow-prod=={mlflow_prod.__version__}"]
    (folder / REQUIREMENTS).write_text("\n".join(pinned) + "\n")
    conda = _mlflow_conda_env(additional_pip_deps=pinned, install_mlflow=False)
    (folder / CONDA).write_text(yaml.safe_dump(conda, default_flow_style=False))
    _PythonEnv.current().to_yaml(str(folder / PYTHON))


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n")

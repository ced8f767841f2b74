"""A logged model, ready to be measured."""

from collections.abc import Sequence
from typing import TypeAlias

from mlflow_prod.data import Task
from mlflow_prod.errors import ModelError
from mlflow_prod.foreign import ForeignModel
from mlflow_prod.models import KerasModel
from mlflow_prod.models import load_model as load_keras
from mlflow_prod.tflite import TFLiteModel
from mlflow_prod.tflite import load_model as load_tflite
from mlflow_prod.tracking import ModelReference

Model: TypeAlias = KerasModel | TFLiteModel


def is_ours(reference: ModelReference) -> bool:
    """Whether `load` takes the model: one of our flavors, which carry the encoder that raw rows need."""
    with_encoder = (reference.folder / "encoder.json").is_file()
    return with_encoder and not {"tflite", "keras"}.isdisjoint(reference.flavors)


def load(reference: ModelReference) -> Model:
    """The model with its encoder; ModelError for a flavor that this product does not make."""
    if not is_ours(reference):
        raise ModelError(
            f"{reference.uri} has the flavors {', '.join(reference.flavors)}; "
            "only models logged by mlflow_prod.models or mlflow_prod.tflite carry the encoder that raw rows "
            "need; of others the entry point evaluate takes any"
        )
    if "tflite" in reference.flavors:
        model = load_tflite(str(reference.folder), digest=reference.digest)
        if isinstance(model, TFLiteModel):
            return model
    return load_keras(str(reference.folder))


def load_foreign(
    reference: ModelReference, task: Task, columns: Sequence[str] = (), *, trust: bool = False
) -> ForeignModel:
    """A model of any other flavor, to be asked about raw rows; the rest as `ForeignModel`.

    ModelError where it needs `trust` and has none, naming the model.
    """
    try:
        return ForeignModel(reference.folder, reference.digest, task, tuple(columns), trust)
    except ModelError as problem:
        raise ModelError(f"{reference.uri}: {problem}") from problem

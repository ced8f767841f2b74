"""A logged model, ready to be measured."""

from typing import TypeAlias

from mlflow_prod.errors import ModelError
from mlflow_prod.models import KerasModel
from mlflow_prod.models import load_model as load_keras
from mlflow_prod.tflite import TFLiteModel
from mlflow_prod.tflite import load_model as load_tflite
from mlflow_prod.tracking import ModelReference

Model: TypeAlias = KerasModel | TFLiteModel


def load(reference: ModelReference) -> Model:
    """The model with its encoder; ModelError for a flavor that this product does not make."""
    if "tflite" in reference.flavors:
        return load_tflite(str(reference.folder), digest=reference.digest)
    if "keras" in reference.flavors and (reference.folder / "encoder.json").is_file():
        return load_keras(str(reference.folder))
    raise ModelError(
        f"{reference.uri} has the flavors {', '.join(reference.flavors)}; "
        "only models logged by mlflow_prod.models or mlflow_prod.tflite carry the encoder that raw rows need"
    )

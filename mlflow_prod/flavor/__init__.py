"""What our MLflow flavors share: the model's folder, its signature, and raw rows in and answers out."""

from mlflow_prod.flavor.answers import Answers
from mlflow_prod.flavor.fetch import fetched, promoted
from mlflow_prod.flavor.folder import has_meaning, keep_meaning, meaning, write
from mlflow_prod.flavor.predictor import Predictor
from mlflow_prod.flavor.promise import as_promoted, opened
from mlflow_prod.flavor.rows import example, signature_of

__all__ = [
    "Answers",
    "Predictor",
    "as_promoted",
    "example",
    "fetched",
    "has_meaning",
    "keep_meaning",
    "meaning",
    "opened",
    "promoted",
    "signature_of",
    "write",
]

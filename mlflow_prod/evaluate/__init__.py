"""How good a model is, overall and by slice, how far slices lie apart, and what it has over another."""

from mlflow_prod.evaluate.alarms import alarms
from mlflow_prod.evaluate.bands import Bands, bands
from mlflow_prod.evaluate.count import count
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.evaluation import evaluation
from mlflow_prod.evaluate.fairness import fairness
from mlflow_prod.evaluate.over_time import over_time
from mlflow_prod.evaluate.slices import slices
from mlflow_prod.evaluate.versus import versus
from mlflow_prod.evaluate.where import Where
from mlflow_prod.evaluate.windows import Windows
from mlflow_prod.evaluate.worst import worst

__all__ = [
    "Bands",
    "Counts",
    "Where",
    "Windows",
    "alarms",
    "bands",
    "count",
    "evaluation",
    "fairness",
    "over_time",
    "slices",
    "versus",
    "worst",
]

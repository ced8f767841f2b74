"""How good a model is, overall and by slice, how far slices lie apart, and what it has over another."""

from mlflow_prod.evaluate.alarms import alarms
from mlflow_prod.evaluate.bands import Bands, bands
from mlflow_prod.evaluate.count import count
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.evaluation import evaluation
from mlflow_prod.evaluate.exposure import exposure
from mlflow_prod.evaluate.fairness import fairness
from mlflow_prod.evaluate.next_work import next_work, prioritised
from mlflow_prod.evaluate.over_time import over_time
from mlflow_prod.evaluate.parity import parity
from mlflow_prod.evaluate.ranking import ranking
from mlflow_prod.evaluate.references import references
from mlflow_prod.evaluate.slices import slices
from mlflow_prod.evaluate.tfma import Analysis, tfma
from mlflow_prod.evaluate.tfma_config import EvalConfig
from mlflow_prod.evaluate.verdicts import Margins, detail, verdicts
from mlflow_prod.evaluate.versus import versus
from mlflow_prod.evaluate.where import Where
from mlflow_prod.evaluate.windows import Windows
from mlflow_prod.evaluate.worst import worst

__all__ = [
    "Analysis",
    "Bands",
    "Counts",
    "EvalConfig",
    "Margins",
    "Where",
    "Windows",
    "alarms",
    "bands",
    "count",
    "detail",
    "evaluation",
    "exposure",
    "fairness",
    "next_work",
    "over_time",
    "parity",
    "prioritised",
    "ranking",
    "references",
    "slices",
    "tfma",
    "verdicts",
    "versus",
    "worst",
]

"""How good a model is, overall and by slice, how far slices lie apart, and what it has over another."""

from mlflow_prod.evaluate.count import count
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.evaluation import evaluation
from mlflow_prod.evaluate.exposure import exposure
from mlflow_prod.evaluate.fairness import fairness
from mlflow_prod.evaluate.next_work import next_work, prioritised
from mlflow_prod.evaluate.parity import parity
from mlflow_prod.evaluate.ranking import ranking
from mlflow_prod.evaluate.references import references
from mlflow_prod.evaluate.slices import slices
from mlflow_prod.evaluate.tfma import Analysis, tfma
from mlflow_prod.evaluate.tfma_config import EvalConfig
from mlflow_prod.evaluate.verdicts import Margins, detail, verdicts
from mlflow_prod.evaluate.versus import versus

__all__ = [
    "Analysis",
    "Counts",
    "EvalConfig",
    "Margins",
    "count",
    "detail",
    "evaluation",
    "exposure",
    "fairness",
    "next_work",
    "parity",
    "prioritised",
    "ranking",
    "references",
    "slices",
    "tfma",
    "verdicts",
    "versus",
]

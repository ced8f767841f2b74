"""How good a model is, overall and by slice, how far slices lie apart, and what it has over another."""

from mlflow_prod.evaluate.count import count
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.cuts import Bands, Where, Windows, bands
from mlflow_prod.evaluate.evaluation import evaluation
from mlflow_prod.evaluate.fairness import Margins, carried, detail, fairness, parity, verdicts
from mlflow_prod.evaluate.next_work import next_work, prioritised
from mlflow_prod.evaluate.over_time import over_time
from mlflow_prod.evaluate.ranking import exposure, ranking
from mlflow_prod.evaluate.references import references
from mlflow_prod.evaluate.reliability import reliability
from mlflow_prod.evaluate.search import alarms, worst
from mlflow_prod.evaluate.slices import slices
from mlflow_prod.evaluate.tfma import Analysis, EvalConfig, tfma
from mlflow_prod.evaluate.versus import versus

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
    "carried",
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
    "reliability",
    "slices",
    "tfma",
    "verdicts",
    "versus",
    "worst",
]

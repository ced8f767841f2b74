"""How good a model is, overall and by protected slice, and how far the slices lie apart."""

from mlflow_prod.evaluate.evaluation import evaluation
from mlflow_prod.evaluate.fairness import fairness

__all__ = ["evaluation", "fairness"]

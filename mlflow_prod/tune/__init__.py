"""Searches hyperparameters: a keras_tuner.Oracle proposes, the caller's functions build and score."""

from mlflow_prod.tune.search import search
from mlflow_prod.tune.space import default_space
from mlflow_prod.tune.strategies import STRATEGIES
from mlflow_prod.tune.trial import Trial, best

__all__ = ["STRATEGIES", "Trial", "best", "default_space", "search"]

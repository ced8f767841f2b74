"""The same training on one device or on several of this machine."""

from mlflow_prod.distribute.fit import Distributed, fit
from mlflow_prod.distribute.strategies import STRATEGIES, strategy

__all__ = ["STRATEGIES", "Distributed", "fit", "strategy"]

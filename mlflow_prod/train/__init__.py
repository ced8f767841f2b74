"""Fits Keras networks to arrays, with early stopping and remedies against bias."""

from mlflow_prod.train.fit import fit
from mlflow_prod.train.history import History
from mlflow_prod.train.remedies import reweighing
from mlflow_prod.train.thresholds import GroupThresholds, TradeOff, thresholds_by_group

__all__ = ["GroupThresholds", "History", "TradeOff", "fit", "reweighing", "thresholds_by_group"]

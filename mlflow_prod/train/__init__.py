"""Fits Keras networks to arrays, with early stopping and remedies against bias."""

from mlflow_prod.train.fit import fit
from mlflow_prod.train.history import History
from mlflow_prod.train.remedies import reweighing

__all__ = ["History", "fit", "reweighing"]

"""Keras 3 networks: built, run on raw rows, and kept in MLflow."""

from mlflow_prod.models.build import build, widths_of
from mlflow_prod.models.flavor import load_model, log_model, save_model
from mlflow_prod.models.keras_model import KerasModel
from mlflow_prod.models.networks import find_network, read_network
from mlflow_prod.models.thresholds import with_thresholds

__all__ = [
    "KerasModel",
    "build",
    "find_network",
    "load_model",
    "log_model",
    "read_network",
    "save_model",
    "widths_of",
    "with_thresholds",
]

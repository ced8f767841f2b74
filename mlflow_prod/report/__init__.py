"""Figures and the model card, drawn from measures and arrays."""

from mlflow_prod.report.attributions import attributions
from mlflow_prod.report.calibration import calibration
from mlflow_prod.report.card import model_card
from mlflow_prod.report.confusion import confusion
from mlflow_prod.report.drift import drift
from mlflow_prod.report.headline import headline
from mlflow_prod.report.slices import slices

__all__ = ["attributions", "calibration", "confusion", "drift", "headline", "model_card", "slices"]

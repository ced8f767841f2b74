"""Figures, the model card and the page of an evaluation, drawn from measures, tables and arrays."""

from mlflow_prod.report.attributions import attributions
from mlflow_prod.report.before_and_after import before_and_after
from mlflow_prod.report.calibration import calibration
from mlflow_prod.report.card import model_card
from mlflow_prod.report.confusion import confusion
from mlflow_prod.report.drift import drift
from mlflow_prod.report.front import front
from mlflow_prod.report.headline import headline
from mlflow_prod.report.next_work import next_work
from mlflow_prod.report.over_time import over_time
from mlflow_prod.report.page import Findings, evaluation_page
from mlflow_prod.report.slices import slices
from mlflow_prod.report.soft_targets import soft_targets
from mlflow_prod.report.thresholds import thresholds
from mlflow_prod.report.trade_off import trade_off
from mlflow_prod.report.worst import worst

__all__ = [
    "Findings",
    "attributions",
    "before_and_after",
    "calibration",
    "confusion",
    "drift",
    "evaluation_page",
    "front",
    "headline",
    "model_card",
    "next_work",
    "over_time",
    "slices",
    "soft_targets",
    "thresholds",
    "trade_off",
    "worst",
]

"""Slices set against the rest of the rows: which differ beyond chance, and which are worst."""

from mlflow_prod.evaluate.search.alarms import alarms
from mlflow_prod.evaluate.search.worst import worst

__all__ = ["alarms", "worst"]

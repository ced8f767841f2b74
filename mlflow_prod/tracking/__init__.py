"""Runs, logged models and their evidence on the tracking server."""

from mlflow_prod.tracking.evidence import collect, hand_in, record, submit
from mlflow_prod.tracking.reference import ModelReference, resolve
from mlflow_prod.tracking.registry import hold_gated
from mlflow_prod.tracking.run import Run, open_run

__all__ = [
    "ModelReference",
    "Run",
    "collect",
    "hand_in",
    "hold_gated",
    "open_run",
    "record",
    "resolve",
    "submit",
]

"""Runs, logged models and their evidence on the tracking server."""

from mlflow_prod.tracking.evidence import collect, hand_in, record, submit
from mlflow_prod.tracking.promotion import STAGES, adopt, approve, check, override, previous, promote, revoke
from mlflow_prod.tracking.reference import ModelReference, at_path, resolve
from mlflow_prod.tracking.registry import hold_gated
from mlflow_prod.tracking.run import Run, open_run

__all__ = [
    "STAGES",
    "ModelReference",
    "Run",
    "adopt",
    "approve",
    "at_path",
    "check",
    "collect",
    "hand_in",
    "hold_gated",
    "open_run",
    "override",
    "previous",
    "promote",
    "record",
    "resolve",
    "revoke",
    "submit",
]

"""Why a model answers as it does: Shapley values of raw columns."""

from mlflow_prod.explain.agreement import agreement
from mlflow_prod.explain.attribution import Attribution
from mlflow_prod.explain.shapley import explain

__all__ = ["Attribution", "agreement", "explain"]

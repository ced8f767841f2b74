"""Production rows against the baseline that training logged."""

from mlflow_prod.monitor.compare import compare

__all__ = ["compare"]

"""Small students that learn from the scores of a larger teacher."""

from mlflow_prod.distill.distill import distill
from mlflow_prod.distill.loss import make_loss, pack_targets
from mlflow_prod.distill.shrink import shrink

__all__ = ["distill", "make_loss", "pack_targets", "shrink"]

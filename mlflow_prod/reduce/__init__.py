"""Fewer columns: linear reductions of the encoded rows, for the model's encoder."""

from mlflow_prod.reduce.pca import pca
from mlflow_prod.reduce.reduction import Reduction

__all__ = ["Reduction", "pca"]

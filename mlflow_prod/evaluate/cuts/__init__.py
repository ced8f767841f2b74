"""What slices are cut by: columns as they are, numbers in bands, expressions, windows of time."""

from mlflow_prod.evaluate.cuts.bands import Bands, bands
from mlflow_prod.evaluate.cuts.cut import Column, Cut
from mlflow_prod.evaluate.cuts.where import Where
from mlflow_prod.evaluate.cuts.windows import Windows

__all__ = ["Bands", "Column", "Cut", "Where", "Windows", "bands"]

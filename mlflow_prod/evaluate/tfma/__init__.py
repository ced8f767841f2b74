"""What a config of TensorFlow Model Analysis asks for, with the values it has itself."""

from mlflow_prod.evaluate.tfma.analysis import Analysis, tfma
from mlflow_prod.evaluate.tfma.config import EvalConfig

__all__ = ["Analysis", "EvalConfig", "tfma"]

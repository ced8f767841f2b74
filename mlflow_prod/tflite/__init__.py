"""TFLite models in MLflow: run by LiteRT, raw rows in, TensorFlow not imported."""

from mlflow_prod.tflite.check import Checker, check
from mlflow_prod.tflite.contents import Contents, Kernel, Tensor, contents
from mlflow_prod.tflite.file import TFLiteFile
from mlflow_prod.tflite.flavor import load_model, log_model, save_model
from mlflow_prod.tflite.model import TFLiteModel

__all__ = [
    "Checker",
    "Contents",
    "Kernel",
    "TFLiteFile",
    "TFLiteModel",
    "Tensor",
    "check",
    "contents",
    "load_model",
    "log_model",
    "save_model",
]

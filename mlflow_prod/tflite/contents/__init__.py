"""What TFLite files hold: operators, kernels, signatures, and what a row costs."""

from mlflow_prod.tflite.contents.contents import Contents, contents
from mlflow_prod.tflite.contents.graph import Tensor
from mlflow_prod.tflite.contents.kernels import Kernel

__all__ = ["Contents", "Kernel", "Tensor", "contents"]

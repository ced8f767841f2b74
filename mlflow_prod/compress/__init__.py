"""Smaller models: post-training converters to TFLite, and what the conversion cost."""

from mlflow_prod.compress.converter import Converter
from mlflow_prod.compress.evidence import compression, latency
from mlflow_prod.compress.post_training import CONVERTERS, PostTraining, convert
from mlflow_prod.compress.reached import Reached, reached

__all__ = [
    "CONVERTERS",
    "Converter",
    "PostTraining",
    "Reached",
    "compression",
    "convert",
    "latency",
    "reached",
]

"""Smaller models: recipes of training steps and converters to TFLite, what they cost, and which to choose."""

from mlflow_prod.compress.compress import Compressed, compress
from mlflow_prod.compress.converters import CONVERTERS, Converter, PostTraining, StoredWeights, convert
from mlflow_prod.compress.evidence import against, compression, operators, sizes
from mlflow_prod.compress.front import AUTO, Candidate, choose, front, front_table
from mlflow_prod.compress.latency import latency
from mlflow_prod.compress.recipe import Recipe
from mlflow_prod.compress.slices import slice_differences, slice_measures
from mlflow_prod.compress.steps import QAT, STEPS, Cluster, Prune, Step, Training

__all__ = [
    "AUTO",
    "CONVERTERS",
    "QAT",
    "STEPS",
    "Candidate",
    "Cluster",
    "Compressed",
    "Converter",
    "PostTraining",
    "Prune",
    "Recipe",
    "Step",
    "StoredWeights",
    "Training",
    "against",
    "choose",
    "compress",
    "compression",
    "convert",
    "front",
    "front_table",
    "latency",
    "operators",
    "sizes",
    "slice_differences",
    "slice_measures",
]

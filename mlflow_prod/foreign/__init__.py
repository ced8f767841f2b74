"""Models that others made and MLflow keeps: run where they do no harm, their answers read as scores."""

from mlflow_prod.foreign.answers import read_answers
from mlflow_prod.foreign.arrays import Scores
from mlflow_prod.foreign.ask import ask
from mlflow_prod.foreign.model import Answered, ForeignModel

__all__ = ["Answered", "ForeignModel", "Scores", "ask", "read_answers"]

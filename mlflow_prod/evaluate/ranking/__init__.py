"""The order that scores put the items of a query in."""

from mlflow_prod.evaluate.ranking.exposure import exposure
from mlflow_prod.evaluate.ranking.ranking import ranking

__all__ = ["exposure", "ranking"]

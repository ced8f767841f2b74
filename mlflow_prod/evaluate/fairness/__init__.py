"""How far groups lie apart: as evidence, by every notion of fairness, and what is still undecided."""

from mlflow_prod.evaluate.fairness.fairness import fairness
from mlflow_prod.evaluate.fairness.parity import parity
from mlflow_prod.evaluate.fairness.verdicts import Margins, carried, detail, verdicts

__all__ = ["Margins", "carried", "detail", "fairness", "parity", "verdicts"]

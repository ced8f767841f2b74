"""Steps of a recipe that train: pruning, weight clustering, quantization-aware training."""

from mlflow_prod.compress.steps.cluster import Cluster
from mlflow_prod.compress.steps.prune import Prune
from mlflow_prod.compress.steps.qat import QAT
from mlflow_prod.compress.steps.step import Step
from mlflow_prod.compress.steps.training import Training

__all__ = ["QAT", "STEPS", "Cluster", "Prune", "Step", "Training"]

# In the order in which a recipe takes them: a later one keeps what the earlier ones made.
STEPS: dict[str, type[Prune] | type[Cluster] | type[QAT]] = {"prune": Prune, "cluster": Cluster, "qat": QAT}

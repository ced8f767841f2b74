"""Networks between Keras 3 and tf_keras, which tfmot needs: same layers, same weights, equal outputs."""

from mlflow_prod.models.bridge.cross import from_tf_keras, to_tf_keras
from mlflow_prod.models.bridge.legacy import tf_keras, tfmot

__all__ = ["from_tf_keras", "tf_keras", "tfmot", "to_tf_keras"]

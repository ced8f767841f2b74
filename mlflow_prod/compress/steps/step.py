"""What every step of a recipe does."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from mlflow_prod.compress.steps.training import Training
from mlflow_prod.evidence import Measure
from mlflow_prod.tflite import Contents

if TYPE_CHECKING:
    import tf_keras


@runtime_checkable
class Step(Protocol):
    """Trains a tf_keras model on so that it can be stored smaller, and checks that the file shows it.

    Members are frozen dataclasses whose fields, all with defaults, are what a recipe writes in parentheses.
    """

    def apply(
        self, network: "tf_keras.Model", training: Training, after: tuple["Step", ...] = ()
    ) -> "tf_keras.Model":
        """A new model; `network` stays as it was.

        `after` are the steps that made `network`: what they reached is kept. Raises InvalidParameter on the
        step's own fields, DataError on rows that do not fit the network, ModelError on a network that the
        step cannot treat or whose training diverges.
        """

    def verify(self, contents: Contents) -> list[Measure]:
        """What the file holds of the step; ModelError where that is not what the step stands for."""

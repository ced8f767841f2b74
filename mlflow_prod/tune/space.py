"""The built-in search space."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlflow_prod.data import Task
from mlflow_prod.models import build

if TYPE_CHECKING:
    import keras
    import keras_tuner


def default_space(
    shape: tuple[int, ...], task: Task, *, seed: int = 0, target_mean: float = 0.0, target_spread: float = 1.0
) -> Callable[["keras_tuner.HyperParameters"], "keras.Model"]:
    """Builds the networks of `models.build` over hidden layers, their width, dropout and learning rate.

    `units` 16 to 256 in powers of two, `layers` 1 to 3 of that width, `dropout` 0 to 0.4 in steps of
    0.1, `learning_rate` 1e-4 to 1e-2 on a logarithmic scale. The other parameters are those of `build`.
    """

    def build_trial(hp: "keras_tuner.HyperParameters") -> "keras.Model":
        width: Any = hp.Choice("units", [16, 32, 64, 128, 256])
        layers: Any = hp.Int("layers", 1, 3)
        return build(
            shape,
            task,
            units=",".join([str(width)] * layers),
            dropout=hp.Float("dropout", 0.0, 0.4, step=0.1),
            learning_rate=hp.Float("learning_rate", 1e-4, 1e-2, sampling="log"),
            seed=seed,
            target_mean=target_mean,
            target_spread=target_spread,
        )

    return build_trial

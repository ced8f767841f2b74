"""Search strategies by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras_tuner


def _random(objective: "keras_tuner.Objective", trials: int, seed: int) -> "keras_tuner.Oracle":
    from keras_tuner.oracles import RandomSearchOracle

    return RandomSearchOracle(objective, trials, seed, max_consecutive_failed_trials=trials + 1)


# Each makes a keras_tuner.Oracle from (objective, most trials, seed > 0). Oracles give up after three
# failed trials in a row unless told otherwise: here the search goes on.
STRATEGIES: dict[str, Callable[["keras_tuner.Objective", int, int], "keras_tuner.Oracle"]] = {
    "random": _random
}

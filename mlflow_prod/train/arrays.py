"""Arrays that a network can learn from, or an error that says why not."""

from typing import TYPE_CHECKING

import numpy as np

from mlflow_prod.errors import DataError

if TYPE_CHECKING:
    import keras


def checked(network: "keras.Model", name: str, arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """(inputs, target[, weight]) as `network` takes them: floats as float32, weights of mean 1.

    Raises DataError, calling the rows `name`: different lengths, fewer rows than the network has
    replicas, values that are not finite, class codes that the network has no output for, weights that
    are negative or all zero.
    """
    kinds = dict(zip(("inputs", "target", "weight"), map(np.asarray, arrays), strict=False))
    lengths = {kind: len(array) for kind, array in kinds.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"the {name} arrays must have as many rows each, got {lengths}")
    replicas = network.distribute_strategy.num_replicas_in_sync
    if lengths["inputs"] < replicas:
        raise DataError(f"{lengths['inputs']} {name} rows are too few: at least {replicas} are needed")
    for kind, array in kinds.items():
        if not np.isfinite(array).all():
            raise DataError(f"the {name} {kind} holds missing or infinite values: mend or drop those rows")
    _check_codes(network, name, kinds["target"])
    if "weight" in kinds:
        weight = kinds["weight"]
        if weight.min() < 0 or weight.sum() == 0:
            raise DataError(f"the {name} weight must be >= 0 and not all 0, its least is {weight.min()}")
        kinds["weight"] = weight / weight.mean()
    return tuple(
        array.astype(np.float32) if np.issubdtype(array.dtype, np.floating) else array
        for array in kinds.values()
    )


def _check_codes(network: "keras.Model", name: str, target: np.ndarray) -> None:
    if not np.issubdtype(target.dtype, np.integer):
        return
    classes = max(network.output_shape[-1], 2)
    if target.min() < 0 or target.max() >= classes:
        raise DataError(
            f"the {name} target has class codes from {target.min()} to {target.max()}, the network "
            f"knows 0 to {classes - 1}: build it for as many classes as there are"
        )

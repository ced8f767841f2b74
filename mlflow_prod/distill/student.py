"""Students by a builder of one's own."""

import random
from typing import TYPE_CHECKING

from mlflow_prod.data import Task
from mlflow_prod.data.function import FUNCTION, call
from mlflow_prod.errors import InvalidParameter, ModelError

if TYPE_CHECKING:
    import keras

# How one that its builder did not compile is trained.
LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}


def build_student(name: str, shape: tuple[int, ...], task: Task, *, seed: int = 0) -> "keras.Model":
    """The network that `module:function` makes of (shape, task), compiled with Adam where it is not compiled.

    The seeds that Keras draws for what has none of its own follow from `seed`, so that equal seeds make equal
    weights; an initializer with a fixed seed begins alike from every one.

    Parameters
    ----------
    name : `module:function`, found from the current folder.
    shape : of one encoded row: (columns,), or (height, width, channels).
    task : binary tasks want one sigmoid unit, multiclass a softmax of as many as classes, regression one
        linear unit in the target's own unit.

    Raises
    ------
    InvalidParameter, ModelError : no such name; a function that is not there, fails, or returns no Keras 3
        model.
    """
    if not FUNCTION.fullmatch(name):
        raise InvalidParameter("student", "module:function, a function of (shape, task)", name)
    import keras

    # Keras draws the seeds of initializers and dropout from Python's own generator.
    before = random.getstate()
    random.seed(seed)
    try:
        network = call("student", name, shape, task, error=ModelError)
    finally:
        random.setstate(before)
    if not isinstance(network, keras.Model):
        raise ModelError(f"student {name!r} must return a Keras 3 model, got {type(network).__name__}")
    if not network.compiled:
        metric = "mean_absolute_error" if task.kind == "regression" else "accuracy"
        network.compile("adam", loss=LOSSES[task.kind], metrics=[metric])
    return network

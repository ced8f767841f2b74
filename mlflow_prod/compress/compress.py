"""A small model by a recipe."""

from dataclasses import dataclass
from pathlib import Path

from mlflow_prod.compress.converters import Calibration, Network, convert
from mlflow_prod.compress.recipe import Recipe
from mlflow_prod.compress.steps import QAT, Training
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.evidence import Measure
from mlflow_prod.models.bridge import from_tf_keras, to_tf_keras
from mlflow_prod.tflite import Contents, contents


@dataclass(frozen=True)
class Compressed:
    """A TFLite file and what is known of it.

    Parameters
    ----------
    content : its bytes.
    recipe : by which it was made.
    contents : what it holds and costs, read from it.
    measures : what each step of the recipe reached, read from it: `sparsity`, `clusters`, `int8_kernels`.
    """

    content: bytes
    recipe: Recipe
    contents: Contents
    measures: tuple[Measure, ...]


def compress(
    network: Network,
    recipe: Recipe,
    training: Training | None = None,
    calibration: Calibration | None = None,
) -> Compressed:
    """Trains a network on by the steps of a recipe, converts it, and checks that the file shows it.

    `network` stays as it was. Not a judgement of the small model: see `compression`.

    Parameters
    ----------
    network : as `convert` takes it; for steps a Keras 3 model, Sequential or functional, of one input and one
        output.
    training : rows for the steps; not read by a recipe without them.
    calibration : typical encoded rows, as `convert` takes them.

    Raises
    ------
    InvalidParameter, DataError, ModelError : as the steps and `convert` do; ModelError where the file does
        not hold what a step stands for, or where steps meet a folder.
    """
    if not recipe.steps:
        content = convert(network, recipe.converter, calibration)
        return Compressed(content, recipe, contents(content), ())
    if isinstance(network, Path):
        raise ModelError(
            f"{recipe} trains layers, which a SavedModel folder no longer has: give the Keras model, or "
            f"only the converter ({recipe.converter})"
        )
    if training is None:
        raise InvalidParameter("training", f"rows to train on, as {recipe} has steps", training)
    learner = to_tf_keras(network)
    for place, step in enumerate(recipe.steps):
        learner = step.apply(learner, training, recipe.steps[:place])
    quantized = isinstance(recipe.steps[-1], QAT)
    content = convert(learner if quantized else from_tf_keras(learner), recipe.converter, calibration)
    found = contents(content)
    return Compressed(
        content, recipe, found, tuple(one for step in recipe.steps for one in step.verify(found))
    )

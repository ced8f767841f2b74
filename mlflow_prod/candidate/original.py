"""A network that others made, as a model of raw rows that can be made small."""

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlflow_prod import encoder
from mlflow_prod.candidate.load import Model
from mlflow_prod.compress import convert
from mlflow_prod.data import Dataset, Task
from mlflow_prod.encoder import Encoder
from mlflow_prod.errors import LONGEST, DataError, ModelError
from mlflow_prod.evaluate import evaluation
from mlflow_prod.models import KerasModel, find_network, read_network
from mlflow_prod.tflite import TFLiteModel, contents
from mlflow_prod.tracking import ModelReference

if TYPE_CHECKING:
    import keras

# Rows that tell which encoder a network was trained with, and whether it answers with logits.
ASKED = 2000
# float32 probabilities may pass 1 by a hair.
HAIR = 1e-5
# TensorFlow writes its messages for terminals.
COLOURS = re.compile(r"\x1b\[[\d;]*m")


def original(reference: ModelReference, dataset: Dataset) -> Model:
    """A Keras network or SavedModel without an encoder of ours, as a model of the data's raw rows.

    Its encoder is that under which it answers the validation rows better: the raw numbers as they are, or
    scaled and spread as `encoder.fit` does; what was taken is printed. Logits of a Keras network get the
    sigmoid or softmax that they lack. A SavedModel holds no layers, and becomes its float32 TFLite file. Code
    in the files is not run; a Keras file is read in a child process first. Raises ModelError where the
    network cannot be read, or fits neither encoder.
    """
    path = path_of(reference)
    asked = dataset.validation.take(np.arange(min(ASKED, len(dataset.validation))))
    if path.is_dir():
        content = convert(path, "float32")
        shape = contents(content).inputs[0].shape[1:]

        def read(learnt: Encoder) -> Model:
            return TFLiteModel(content, learnt, dataset.task)
    else:
        network = _of_one_end(read_network(path))
        shape = tuple(network.inputs[0].shape[1:])

        def read(learnt: Encoder) -> Model:
            adapted = _reading_rows(network, learnt)
            scored = _with_probabilities(adapted, learnt.encode(asked.features), dataset.task)
            return KerasModel(scored, learnt, dataset.task)

    judged = "mae" if dataset.task.kind == "regression" else "log_loss"

    def loss(model: Model) -> float:
        scores = model.predict(asked.features)
        found = evaluation(dataset.task, asked.target, scores, asked.groups.iloc[:, :0], asked.weight)
        return next(measure.value for measure in found if measure.name == judged)

    readings: list[Reading] = []
    refusals: dict[str, str] = {}
    for told, learnt in _encoders(dataset, shape):
        try:
            model = read(learnt)
            readings.append(Reading(told, model, loss(model)))
        except (DataError, ModelError) as problem:
            refusals.setdefault(str(problem), told)
    if not readings:
        told = "; ".join(f"{problem} (reading {how})" for problem, how in refusals.items())
        raise ModelError(f"{reference.uri} cannot answer the rows of {dataset.name}: {told}")
    best = min(readings, key=lambda reading: reading.loss)
    print(f"{reference.uri} reads {best.told}: {judged} {best.loss:.4g} on {len(asked):,} validation rows")
    return best.model


def path_of(reference: ModelReference) -> Path:
    """The network of a model that others made: a `.keras` or `.h5` file, or the folder of a SavedModel."""
    folder = reference.folder
    return folder if folder.is_file() or "SavedModel" in reference.flavors else find_network(folder)


class Reading(NamedTuple):
    """A model under one of the encoders that fit it, how that one reads the rows, and what it then loses."""

    told: str
    model: Model
    loss: float


def _encoders(dataset: Dataset, shape: tuple[int | None, ...]) -> list[tuple[str, Encoder]]:
    """The encoders whose rows hold as many numbers as the network reads."""
    images = dataset.schema is None
    numbers = "pixels" if images else "numbers"
    scaled = "pixels scaled to [0, 1]" if images else "numbers scaled and categories spread"
    named = [
        (f"the raw {numbers} as they are", encoder.plain(dataset.train, dataset.schema)),
        (scaled, encoder.fit(dataset.train, dataset.schema)),
    ]
    known = [(told, learnt) for told, learnt in named if learnt is not None]
    fitting = [
        (told, learnt)
        for told, learnt in known
        if None not in shape and math.prod(learnt.shape) == math.prod(map(int, shape))  # type: ignore[arg-type]
    ]
    if not fitting:
        made = " or ".join(f"{learnt.shape} ({told})" for told, learnt in known)
        raise ModelError(
            f"the network reads rows of shape {shape}, and {dataset.name} gives {made}: name the data with "
            "the columns that the network was trained on, in their order"
        )
    return fitting


def _of_one_end(network: "keras.Model") -> "keras.Model":
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ModelError(
            f"a model of rows has one input and one output, {network.name} has {len(network.inputs)} and "
            f"{len(network.outputs)}: compress it by `mlflow_prod.compress.compress`, which takes any"
        )
    return network


def _reading_rows(network: "keras.Model", learnt: Encoder) -> "keras.Model":
    """The network behind a layer that brings encoded rows into the shape that it reads."""
    import keras

    shape = tuple(network.inputs[0].shape[1:])
    if shape == tuple(learnt.shape):
        return network
    inputs = keras.Input(learnt.shape, name="input")
    reshaped = keras.layers.Reshape(shape, name="as_the_network_reads")(inputs)
    return keras.Model(inputs, network(reshaped), name=network.name)


def _with_probabilities(network: "keras.Model", rows: np.ndarray, task: Task) -> "keras.Model":
    """The network with the activation that turns logits into probabilities, where it answers with logits."""
    import keras

    try:
        answers = network(rows, training=False).numpy()
    except Exception as problem:
        # Layers raise what they like, such as an embedding that is asked for a number beyond its last.
        said = " ".join(COLOURS.sub("", str(problem)).split())
        raise ModelError(f"{network.name} fails: {said[:LONGEST]}") from problem
    if not np.isfinite(answers).all():
        raise ModelError(f"{network.name} answers with NaN or infinite numbers: look at its weights")
    if task.kind == "regression" or (answers.min() >= -HAIR and answers.max() <= 1 + HAIR):
        return network
    name = "sigmoid" if task.kind == "binary" else "softmax"
    print(f"{network.name} answers with logits: a {name} is put behind it")
    scored = keras.layers.Activation(name, name="probability")(network.outputs[0])
    return keras.Model(network.inputs[0], scored, name=network.name)

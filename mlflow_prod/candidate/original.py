"""A network that others made, as a model of raw rows that can be made small."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlflow_prod import encoder
from mlflow_prod.candidate.load import Model
from mlflow_prod.compress import convert
from mlflow_prod.data import Dataset, Task
from mlflow_prod.encoder import Encoder
from mlflow_prod.errors import ModelError
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


def original(reference: ModelReference, dataset: Dataset) -> Model:
    """A Keras network or SavedModel without an encoder of ours, as a model of the data's raw rows.

    Its encoder is that under which it answers the validation rows better: the raw numbers as they are, or
    scaled and spread as `encoder.fit` does; what was taken is printed. Logits of a Keras network get the
    sigmoid or softmax that they lack. A SavedModel holds no layers, and becomes its float32 TFLite file. Code
    in the files is not run; a Keras file is read in a child process first. Raises ModelError where the
    network cannot be read, or fits neither encoder.
    """
    folder = reference.folder
    path = folder if folder.is_file() or "SavedModel" in reference.flavors else find_network(folder)
    if path.is_dir():
        content = convert(path, "float32")
        shape = contents(content).inputs[0].shape[1:]
        readings = [
            Reading(told, TFLiteModel(content, learnt, dataset.task))
            for told, learnt in _encoders(dataset, shape)
        ]
    else:
        readings = [*_readings(read_network(path), dataset)]
    asked = dataset.validation.take(np.arange(min(ASKED, len(dataset.validation))))
    judged = "mae" if dataset.task.kind == "regression" else "log_loss"

    def loss(reading: Reading) -> float:
        scores = reading.model.predict(asked.features)
        found = evaluation(dataset.task, asked.target, scores, asked.groups.iloc[:, :0], asked.weight)
        return next(measure.value for measure in found if measure.name == judged)

    losses = [loss(reading) for reading in readings]
    best = readings[int(np.argmin(losses))]
    print(f"{reference.uri} reads {best.told}: {judged} {min(losses):.4g} on {len(asked):,} validation rows")
    return best.model


class Reading(NamedTuple):
    """A model under one of the encoders that fit it, and how that one reads the rows."""

    told: str
    model: Model


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


def _readings(network: "keras.Model", dataset: Dataset) -> Iterator[Reading]:
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ModelError(
            f"a model of rows has one input and one output, {network.name} has {len(network.inputs)} and "
            f"{len(network.outputs)}: compress it by `mlflow_prod.compress.compress`, which takes any"
        )
    for told, learnt in _encoders(dataset, tuple(network.inputs[0].shape[1:])):
        rows = dataset.validation.take(np.arange(min(ASKED, len(dataset.validation)))).features
        adapted = _with_probabilities(_reading_rows(network, learnt), learnt.encode(rows), dataset.task)
        yield Reading(told, KerasModel(adapted, learnt, dataset.task))


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

    answers = network(rows, training=False).numpy()
    if task.kind == "regression" or (answers.min() >= -HAIR and answers.max() <= 1 + HAIR):
        return network
    name = "sigmoid" if task.kind == "binary" else "softmax"
    print(f"{network.name} answers with logits: a {name} is put behind it")
    scored = keras.layers.Activation(name, name="probability")(network.output)
    return keras.Model(network.input, scored, name=network.name)

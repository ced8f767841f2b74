"""A network that decides by a threshold of each group's own."""

import math
from collections.abc import Mapping

import numpy as np

from mlflow_prod.encoder import CategoryColumn, TableEncoder
from mlflow_prod.encoder.layout import Layout
from mlflow_prod.errors import InvalidParameter, ModelError, did_you_mean
from mlflow_prod.models.keras_model import KerasModel

# Nearer to 0 or 1 a threshold is no number that float32 tells from all or nothing.
NEAREST = 1e-6


def with_thresholds(model: KerasModel, column: str, thresholds: Mapping[str, float]) -> KerasModel:
    """The same model, whose score is at least 0.5 where it was at least the threshold of the row's group.

    The logit of the group's threshold is taken off that of the score, by a layer that reads the encoded
    group: so the model is logged, converted, measured and served as any other, and decides at 0.5 as all do.
    In each group the order of scores stays. They are no probabilities any more: not where these are needed.
    The layer is not trained further; who fine-tunes the network moves what the thresholds were chosen for.

    Parameters
    ----------
    model : of two classes, of a table, its last layer a sigmoid unit as `build` makes it.
    column : a category that the model reads.
    thresholds : by the category's values, from 0 to 1; others keep 0.5.

    Raises InvalidParameter for a column, a value or a threshold that does not fit, ModelError for other
    models.
    """
    import keras

    kernel = _kernel(model, column, thresholds)
    network = model.network
    last = network.layers[-1]
    if not (
        isinstance(last, keras.layers.Dense)
        and last.units == 1
        and last.activation is keras.activations.sigmoid
    ):
        raise ModelError(
            "thresholds by group need a network that ends in one sigmoid unit, as `build` makes it"
        )
    logit = keras.layers.Dense(1, name="logit")
    shift = keras.layers.Dense(1, use_bias=False, trainable=False, name="group_threshold")
    shifted = keras.layers.Add(name="shifted")([logit(last.input), shift(network.input)])
    score = keras.layers.Activation("sigmoid", name=last.name)(shifted)
    decided = keras.Model(network.input, score, name=network.name)
    logit.set_weights(last.get_weights())
    shift.set_weights([kernel])
    if network.compiled:
        decided.compile_from_config(network.get_compile_config())
    return KerasModel(decided, model.encoder, model.task)


def _kernel(model: KerasModel, column: str, thresholds: Mapping[str, float]) -> np.ndarray:
    """What each encoded input adds to the logit, (width, 1)."""
    encoder = model.encoder
    if model.task.kind != "binary":
        raise ModelError(f"thresholds by group are for two classes, the model's task is {model.task.kind}")
    if not isinstance(encoder, TableEncoder) or encoder.components:
        raise ModelError("thresholds by group need a model of a table whose inputs are not reduced")
    categories = [one for one in encoder.columns if isinstance(one, CategoryColumn)]
    names = [one.name for one in categories]
    if column not in names:
        rule = f"a category that the model reads ({did_you_mean(column, names)})"
        raise InvalidParameter("column", rule, column)
    values = categories[names.index(column)].values
    start = Layout.of(encoder.columns).offset[names.index(column)]
    kernel = np.zeros((encoder.shape[0], 1), np.float32)
    for value, threshold in thresholds.items():
        if value not in values:
            raise InvalidParameter(
                "thresholds", f"of values of {column} ({did_you_mean(value, values)})", value
            )
        if not 0 <= threshold <= 1:
            raise InvalidParameter("thresholds", "between 0 and 1", {value: threshold})
        held = min(max(threshold, NEAREST), 1 - NEAREST)
        kernel[start + values.index(value)] = -math.log(held / (1 - held))
    return kernel

"""Hints: what a hidden layer of the teacher says of each row, for one of the student to say, too."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from mlflow_prod.distill.loss import Loss
from mlflow_prod.errors import DataError, InvalidParameter, ModelError, did_you_mean

if TYPE_CHECKING:
    import keras

# Rows a call: the activations of a convolution must fit.
BATCH = 1024
RULE = "the names of two layers, teacher_layer:student_layer"


@dataclass(frozen=True)
class Hint:
    """What the student's `layer` is to be mapped to, by a linear map that is learnt and then left behind.

    Adds beta/2 of the mean squared difference to the loss, in units of the features' variance over the rows,
    so that beta does not depend on the teacher's scale. Maps of pixels are mapped pixel by pixel (a 1x1
    convolution). Learnt along with the answers, where the paper first trains the lower half alone. Worth a
    try for a student as deep as its teacher but narrower; of a layer close to the answers it says little
    that they do not.

    Parameters
    ----------
    layer : name of the student's layer.
    features : the teacher's (n, d) or (n, height, width, d), float32, of the training rows (`features_of`).
    validation : the same of the validation rows; needed where there are any.
    beta : weight of the hint, > 0.

    Source: A. Romero et al., "FitNets: Hints for Thin Deep Nets", arXiv:1412.6550 (2014).
    """

    layer: str
    features: np.ndarray
    validation: np.ndarray | None = None
    beta: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise InvalidParameter("beta", "a number > 0", self.beta)
        for name in ("features", "validation"):
            array = getattr(self, name)
            if array is not None and not np.isfinite(array).all():
                raise DataError(f"the teacher's {name} for the hint hold NaN or infinite values")
        if not self.spread > 0:
            raise DataError("the teacher's layer says the same of every row: take another one for the hint")

    @cached_property
    def spread(self) -> float:
        """Root of the features' mean variance over the training rows."""
        return float(np.sqrt(np.var(self.features, axis=0).mean(dtype=np.float64)))

    def of(self, rows: np.ndarray | None, length: int) -> np.ndarray:
        """Features of `length` rows as a part of their target, (length, numbers), float32, of deviation 1."""
        if rows is None or len(rows) != length:
            got = 0 if rows is None else len(rows)
            raise DataError(f"the hint has features of {got} rows for {length}: take those of the same rows")
        return (np.reshape(rows, (length, -1)) / self.spread).astype(np.float32)


def read_hint(text: str) -> tuple[str, str]:
    """(layer of the teacher, layer of the student) of `teacher_layer:student_layer`; else InvalidParameter.

    >>> read_hint("dense_1:dense_2")
    ('dense_1', 'dense_2')
    """
    teacher, colon, student = (part.strip() for part in text.partition(":"))
    if not (teacher and colon and student):
        raise InvalidParameter("hint", RULE, text)
    return teacher, student


def layer_output(network: "keras.Model", layer: str, whose: str) -> Any:
    """What a layer makes, a symbolic tensor; `whose` network it is (`teacher`, `student`) stands in errors.

    Raises InvalidParameter for a layer that is not there, or is used more than once, and ModelError for a
    network that is neither Sequential nor Functional.
    """
    known = [one.name for one in symbolic(network, whose).layers]
    if layer not in known:
        rule = f"{RULE}, and the {whose} has no layer {layer!r} ({did_you_mean(layer, known)})"
        raise InvalidParameter("hint", rule, layer)
    if _uses(network, layer) > 1:
        rule = f"{RULE}, each used once; {layer!r} of the {whose} is used several times"
        raise InvalidParameter("hint", rule, layer)
    made = network.get_layer(layer).output
    if isinstance(made, list | tuple | dict) or len(made.shape) not in (2, 4) or None in made.shape[1:]:
        rule = f"{RULE}, each with an output of shape (n, d) or (n, height, width, d)"
        raise InvalidParameter("hint", rule, layer)
    return made


def _uses(network: "keras.Model", layer: str) -> int:
    # Of a layer that is called twice, `output` is what the first call made.
    described = network.get_config()["layers"]
    return max(
        (len(one.get("inbound_nodes", ())) for one in described if one.get("name") == layer), default=1
    )


def symbolic(network: "keras.Model", whose: str) -> "keras.Model":
    """The network, if it knows its layers' tensors; ModelError for one that is built only as it is called."""
    try:
        known = bool(network.inputs) and bool(network.outputs)
    except (AttributeError, ValueError):
        known = False
    if not known:
        raise ModelError(
            f"the {whose} must be a Sequential or Functional Keras model that begins with keras.Input"
        )
    return network


def features_of(network: "keras.Model", layer: str, inputs: np.ndarray) -> np.ndarray:
    """What a hidden layer says of encoded rows, (n, d) or (n, height, width, d), float32.

    Held whole: of a convolution early in a network that is large; take a layer behind some pooling. Raises
    as `layer_output`.
    """
    import keras
    import tensorflow as tf

    made = layer_output(network, layer, "teacher")
    part = keras.Model(network.inputs, made)
    rows = tf.TensorSpec((None, *inputs.shape[1:]), tf.float32)
    traced = tf.function(lambda batch: part(batch, training=False), input_signature=[rows])
    starts = range(0, max(1, len(inputs)), BATCH)
    found = [traced(np.asarray(inputs[at : at + BATCH], np.float32)).numpy() for at in starts]
    return np.concatenate(found).astype(np.float32, copy=False)


def hold_alike(teacher: tuple[int | None, ...], student: tuple[int | None, ...]) -> None:
    """Raises InvalidParameter unless a linear map of the last axis leads from one shape to the other."""
    if len(teacher) != len(student) or tuple(teacher[1:-1]) != tuple(student[1:-1]):
        raise InvalidParameter(
            "hint",
            "two layers of single numbers, or two of the same height and width",
            f"{tuple(teacher[1:])} and {tuple(student[1:])}",
        )


def guided(student: "keras.Model", hint: Hint, loss: Loss, columns: int, seed: int) -> tuple[Any, Loss]:
    """(outputs, loss) of a learner whose target has the hint's features behind `columns` others.

    `loss` is that of these columns and the student's own scores.
    """
    import keras
    from keras import layers, ops

    hidden = layer_output(student, hint.layer, "student")
    hold_alike(np.shape(hint.features), hidden.shape)
    start = keras.initializers.GlorotUniform(seed=1000 * seed + 999)
    # Names that Keras makes up may be those of the student's layers.
    taken = {layer.name for layer in student.layers}
    free = next(name for at in count() if not any(one.startswith(name := f"hint_{at}") for one in taken))
    mapped = layers.Dense(np.shape(hint.features)[-1], kernel_initializer=start, name=f"{free}_map")(hidden)
    flat = layers.Flatten(name=f"{free}_flat")(mapped)
    both = layers.Concatenate(name=f"{free}_beside")([student.outputs[0], flat])
    width = student.output_shape[-1]

    def with_hint(target: "keras.KerasTensor", answer: "keras.KerasTensor") -> "keras.KerasTensor":
        missed = target[:, columns:] - answer[:, width:]
        own = ops.reshape(loss(target[:, :columns], answer[:, :width]), (-1,))
        return own + hint.beta / 2 * ops.mean(ops.square(missed), axis=-1)

    return both, with_hint

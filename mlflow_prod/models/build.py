"""Small Keras 3 networks."""

from typing import TYPE_CHECKING, Literal, get_args

from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter

if TYPE_CHECKING:
    import keras

Kind = Literal["auto", "mlp", "cnn"]
WIDEST, DEEPEST = 4096, 32
# Pooling halves an image until its longer side is at most this.
SIDE = 7


def build(
    shape: tuple[int, ...],
    task: Task,
    *,
    units: str = "64,32",
    dropout: float = 0.0,
    kind: Kind = "auto",
    learning_rate: float = 1e-3,
    seed: int = 0,
    target_mean: float = 0.0,
    target_spread: float = 1.0,
) -> "keras.Model":
    """A compiled multilayer perceptron or small convolutional network for encoded rows.

    Equal arguments give equal weights, whatever else the process drew; layers have fixed names. A good start,
    not the best network for a task: search with `tune`, or bring your own Keras model.

    Parameters
    ----------
    shape : of one encoded row: (columns,), or (height, width, channels) of an image.
    task : the last layer is one sigmoid unit (binary), a softmax (multiclass) or one linear unit.
    units : widths of the hidden dense layers, as `widths_of` reads them.
    dropout : share of each hidden layer's outputs that training drops, 0 <= dropout < 1.
    kind : `mlp`, `cnn` (images only: 3x3 convolutions of 16, 32, 64, ... filters, halving pooling, then the
        dense layers), or `auto`, which takes `cnn` for images.
    learning_rate : of Adam, > 0.
    seed : of the initial weights and of dropout, >= 0.
    target_mean, target_spread : regression: mean and standard deviation (> 0) of the target. The last layer
        scales by them, so that the network learns numbers near 1 whatever the target's unit.

    Raises
    ------
    InvalidParameter : a parameter breaks its rule.
    """
    widths = widths_of(units)
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise InvalidParameter("shape", "(columns,) or (height, width, channels)", shape)
    if kind not in get_args(Kind):
        raise InvalidParameter("kind", f"one of {', '.join(get_args(Kind))}", kind)
    if kind == "cnn" and len(shape) != 3:
        raise InvalidParameter("kind", "mlp or auto for a table; cnn reads images", kind)
    if not 0 <= dropout < 1:
        raise InvalidParameter("dropout", "0 <= dropout < 1", dropout)
    if not 0 < learning_rate < float("inf"):
        raise InvalidParameter("learning_rate", "a number > 0", learning_rate)
    if seed < 0:
        raise InvalidParameter("seed", ">= 0", seed)
    if not target_spread > 0:
        raise InvalidParameter("target_spread", "> 0", target_spread)
    import keras
    from keras import layers

    def start(layer: int) -> "keras.Initializer":
        return keras.initializers.GlorotUniform(seed=1000 * seed + layer)

    inputs = keras.Input(shape, name="input")
    tensor = inputs
    convolutions = _convolutions(shape) if len(shape) == 3 and kind != "mlp" else []
    for number, filters in enumerate(convolutions, 1):
        tensor = layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=start(500 + number),
            name=f"convolution_{number}",
        )(tensor)
        tensor = layers.MaxPooling2D(2, padding="same", name=f"pooling_{number}")(tensor)
    if len(shape) == 3:
        tensor = layers.Flatten(name="flatten")(tensor)
    for number, width in enumerate(widths, 1):
        tensor = layers.Dense(
            width, activation="relu", kernel_initializer=start(number), name=f"dense_{number}"
        )(tensor)
        if dropout:
            tensor = layers.Dropout(dropout, seed=1000 * seed + number, name=f"dropout_{number}")(tensor)
    outputs, activation, loss, metric = {
        "binary": (1, "sigmoid", "binary_crossentropy", "accuracy"),
        "multiclass": (len(task.classes), "softmax", "sparse_categorical_crossentropy", "accuracy"),
        "regression": (1, "linear", "mean_squared_error", "mean_absolute_error"),
    }[task.kind]
    tensor = layers.Dense(outputs, activation=activation, kernel_initializer=start(0), name="score")(tensor)
    if task.kind == "regression" and (target_mean, target_spread) != (0.0, 1.0):
        tensor = layers.Rescaling(target_spread, target_mean, name="target_unit")(tensor)
    model = keras.Model(inputs, tensor, name="cnn" if convolutions else "mlp")
    model.compile(keras.optimizers.Adam(learning_rate), loss=loss, metrics=[metric])
    return model


def widths_of(units: str) -> list[int]:
    """1 to 32 whole numbers from 1 to 4096 with commas between; raises InvalidParameter on anything else.

    >>> widths_of("128, 64")
    [128, 64]
    """
    rule = f"1 to {DEEPEST} whole numbers from 1 to {WIDEST} with commas between, such as 64,32"
    try:
        widths = [int(part) for part in str(units).split(",", DEEPEST)]
    except ValueError:
        raise InvalidParameter("units", rule, units) from None
    if len(widths) > DEEPEST or not all(1 <= width <= WIDEST for width in widths):
        raise InvalidParameter("units", rule, units)
    return widths


def _convolutions(shape: tuple[int, ...]) -> list[int]:
    filters, side = [16], (max(shape[:2]) + 1) // 2
    while side > SIDE:
        filters.append(min(64, filters[-1] * 2))
        side = (side + 1) // 2
    return filters

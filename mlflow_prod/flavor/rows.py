"""What raw rows look like to MLflow: the signature and the example, made from the encoder alone."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlflow_prod.data import Features, Task
from mlflow_prod.encoder import CategoryColumn, Encoder, ImageEncoder, NumberColumn, TableEncoder
from mlflow_prod.errors import ModelError

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

# Rows of an example: around the training mean, in deviations.
STEPS = (0.0, -0.5, 0.5)


def signature_of(encoder: Encoder, task: Task) -> "ModelSignature":
    """Raw rows in, `Task.decode`'s table out.

    Tables: every input column must be there, and any value in it may be missing. Columns of text are
    `string`, all others `any`: MLflow would refuse a DataFrame with whole numbers in a `double` column, or
    with a missing value in a `boolean` one, before the encoder, which reads both, has seen it. Images:
    one tensor, shape (-1, height, width, channels), uint8 where the encoder was fitted on bytes, else
    float32.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, DataType, Schema, TensorSpec

    if isinstance(encoder, TableEncoder):
        inputs = Schema(
            [
                ColSpec(DataType.string if _is_text(column) else AnyType(), column.name)
                for column in encoder.columns
            ]
        )
    else:
        images = _images(encoder)
        inputs = Schema([TensorSpec(images.dtype, (-1, *images.shape[1:]))])
    answers = task.decode(np.zeros((1, max(1, len(task.classes))) if task.kind == "multiclass" else 1))
    outputs = [
        ColSpec(DataType.double if pd.api.types.is_float_dtype(dtype) else DataType.string, str(name))
        for name, dtype in answers.dtypes.items()
    ]
    return ModelSignature(inputs=inputs, outputs=Schema(outputs))


def example(encoder: Encoder) -> Features:
    """Three rows that are nobody's: numbers near the training mean, known categories in turn, grey images."""
    if isinstance(encoder, TableEncoder):
        return pd.DataFrame(
            {column.name: [_value(column, row) for row in range(len(STEPS))] for column in encoder.columns}
        )
    return _images(encoder)


def _is_text(column: NumberColumn | CategoryColumn) -> bool:
    # Categories such as "1" and "2", or "True" and "False", come as numbers and booleans from a CSV file.
    if isinstance(column, NumberColumn) or set(column.values) <= {"True", "False"}:
        return False
    return not all(_is_number(value) for value in column.values)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _value(column: NumberColumn | CategoryColumn, row: int) -> Any:
    if isinstance(column, CategoryColumn):
        return column.values[row % len(column.values)] if column.values else None
    if column.type == "boolean":
        return row % 2 == 0
    number = column.center + STEPS[row] * column.scale
    if column.type == "date":
        return (pd.Timestamp(0) + pd.Timedelta(days=round(number))).date().isoformat()
    return float(f"{number:.3g}")


def _images(encoder: Encoder) -> np.ndarray:
    if not isinstance(encoder, ImageEncoder):
        raise ModelError(
            f"no signature is known for a {type(encoder).__name__}: pass signature and input_example"
        )
    of_bytes = (encoder.low, encoder.high) == (0.0, 255.0)
    grey = [encoder.low + share * (encoder.high - encoder.low) for share in (0.5, 0.25, 0.75)]
    shades = np.array(grey, np.uint8 if of_bytes else np.float32).reshape(-1, *[1] * len(encoder.shape))
    return np.broadcast_to(shades, (len(grey), *encoder.shape)).copy()

"""The encoder that leaves numbers as they are."""

import numpy as np

from mlflow_prod.encoder.base import Encoder
from mlflow_prod.encoder.column import NumberColumn
from mlflow_prod.encoder.fit import Columns, Rows
from mlflow_prod.encoder.image import ImageEncoder
from mlflow_prod.encoder.table import TableEncoder


def plain(part: Rows, schema: Columns | None) -> Encoder | None:
    """The encoder under which a network reads the raw numbers, a missing one as the mean of the others.

    For networks that were trained without an encoder of ours. None where a column is no number.
    """
    if schema is None:
        return ImageEncoder(np.shape(part.features)[1:], 0.0, 1.0)
    types = {name: str(schema.columns[name].type) for name in schema.inputs}
    if not types or "category" in types.values():
        return None
    learnt = [NumberColumn.fit(name, kind, part.features[name]) for name, kind in types.items()]
    return TableEncoder(
        tuple(NumberColumn(one.name, one.type, 0.0, 1.0, one.fill, indicator=False) for one in learnt)
    )

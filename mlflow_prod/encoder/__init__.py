"""Raw rows to model inputs: scale, one-hot, missing values, reduction; stored as data."""

from mlflow_prod.encoder.base import Encoder
from mlflow_prod.encoder.column import CategoryColumn, NumberColumn
from mlflow_prod.encoder.fit import fit, from_dict
from mlflow_prod.encoder.image import ImageEncoder
from mlflow_prod.encoder.plain import plain
from mlflow_prod.encoder.table import TableEncoder

__all__ = [
    "CategoryColumn",
    "Encoder",
    "ImageEncoder",
    "NumberColumn",
    "TableEncoder",
    "fit",
    "from_dict",
    "plain",
]

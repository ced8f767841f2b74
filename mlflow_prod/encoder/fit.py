"""The encoder that suits the data, learnt or restored."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from mlflow_prod.encoder.base import Encoder
from mlflow_prod.encoder.image import ImageEncoder
from mlflow_prod.encoder.table import TableEncoder
from mlflow_prod.errors import DataError, did_you_mean


class Typed(Protocol):
    """A column that says its type."""

    @property
    def type(self) -> str: ...


class Rows(Protocol):
    """Rows with the features of a model."""

    @property
    def features(self) -> Any: ...


class Columns(Protocol):
    """The columns of a table, such as `mlflow_prod.data.Schema`."""

    @property
    def inputs(self) -> tuple[str, ...]: ...

    @property
    def columns(self) -> Mapping[str, Typed]: ...


def fit(part: Rows, schema: Columns | None) -> Encoder:
    """The encoder learnt from training rows: of a table where there is a schema, else of images."""
    if schema is not None:
        return TableEncoder.fit(
            part.features, {name: str(schema.columns[name].type) for name in schema.inputs}
        )
    return ImageEncoder.fit(np.asarray(part.features))


def from_dict(values: dict[str, Any]) -> Encoder:
    """The encoder that `to_dict` described; raises DataError on a kind that is not known."""
    kinds: dict[str, type[TableEncoder] | type[ImageEncoder]] = {"table": TableEncoder, "image": ImageEncoder}
    if values.get("kind") not in kinds:
        raise DataError(
            f"unknown kind of encoder {values.get('kind')!r}; {did_you_mean(str(values.get('kind')), kinds)}"
        )
    return kinds[values["kind"]].from_dict(values)

"""A remedy against bias for a network that is trained already."""

import numpy as np

from mlflow_prod.data import Part
from mlflow_prod.encoder import CategoryColumn, TableEncoder
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import parity
from mlflow_prod.evaluate.count import count_rows
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.models import KerasModel, with_thresholds
from mlflow_prod.tracking import ModelReference
from mlflow_prod.train import TradeOff, reweighing, thresholds_by_group
from mlflow_prod.train.thresholds import Constraint

NOTION: Constraint = "equal opportunity"


def reweighed(reference: ModelReference) -> bool:
    """Whether a logged model was trained with the remedy `reweighing`."""
    return "reweighing" in str(reference.metadata.get("recipe", "")).split(", ")


def weights_as_learnt(reference: ModelReference, part: Part) -> np.ndarray | None:
    """The weights of training rows, (n,) or None, for what learns on from a logged model.

    Those of the rows; of a model that was reweighed those of the remedy, which learning on without them would
    undo.
    """
    return reweighing(part.target, part.groups, part.weight) if reweighed(reference) else part.weight


def with_group_thresholds(
    model: KerasModel, part: Part, *, most: float = 0.01
) -> tuple[KerasModel, TradeOff]:
    """The model with a threshold for each group, so that true positive rates differ by at most `most`.

    Of the protected categories that the model reads the one is taken whose groups lie farthest apart. The
    thresholds are the most accurate on `part`, which should be rows that the model was not fitted to; on
    others the gap is wider by what chance adds. See `train.thresholds_by_group` and `models.with_thresholds`.

    Raises InvalidParameter where there is no such category, DataError with too few rows, ModelError for
    networks that cannot carry thresholds.
    """
    encoder = model.encoder
    columns = encoder.columns if isinstance(encoder, TableEncoder) else ()
    read = [one.name for one in columns if isinstance(one, CategoryColumn) and one.name in part.groups]
    if not read:
        rule = "a category among the model's inputs (protected_as_input=true)"
        raise InvalidParameter("protected", rule, list(part.groups.columns))
    rows = Rows.of(model.task, part.target, model.predict(part.features), part.weight)
    counts = count_rows(rows, part.groups[read])
    gaps = parity(counts).query("notion == @NOTION").set_index("column")["difference"]
    column = str(gaps.idxmax()) if gaps.notna().any() else read[0]
    found = thresholds_by_group(counts.slices, counts.counting.scale, column, NOTION, most=most)
    return with_thresholds(model, column, dict(found.chosen.thresholds)), found

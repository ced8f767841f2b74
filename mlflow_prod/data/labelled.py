"""A table in memory as rows to measure a model of any make on."""

from collections.abc import Sequence

import pandas as pd

from mlflow_prod.data.dataset import Part
from mlflow_prod.data.infer import infer_schema
from mlflow_prod.data.labels import infer_task
from mlflow_prod.data.part import part_of
from mlflow_prod.data.schema import Role
from mlflow_prod.data.schema_file import SchemaFile
from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean


def labelled(
    frame: pd.DataFrame,
    target: str,
    *,
    protected: Sequence[str] = (),
    weight: str = "",
    regression: bool = False,
    positive: str = "",
    classes: Sequence[str] = (),
) -> tuple[Task, Part]:
    """(task, all rows of `frame`, undivided, `raw` among them).

    Parameters
    ----------
    target, weight : names of columns; weight "" for none.
    protected : names of the columns whose groups are compared.
    regression : the target is a number; else it names classes, numbers too.
    positive : of two classes the one that counts as positive; "" to infer it as `load` does.
    classes : all classes, where the rows may lack one; () for those that occur.

    Raises
    ------
    DataError : a column that is not there, a target that is missing or of one class, a weight below 0.
    InvalidParameter : `positive` or `classes` do not fit the target.
    """
    roles: dict[str, Role] = dict.fromkeys(protected, "protected")
    for name, role in ((target, "target"), (weight, "weight")):
        if name in roles:
            raise DataError(f"column {name!r} is named as {roles[name]} and as {role}: choose one")
        if name:
            roles[name] = role  # type: ignore[assignment]
    frame = frame.reset_index(drop=True)
    for name in roles:
        if name not in frame.columns:
            raise DataError(f"no column {name!r} in the data; {did_you_mean(name, map(str, frame.columns))}")
    schema = infer_schema(frame, {}, SchemaFile(), roles, True, may_lack_inputs=True)
    task = Task("regression", target) if regression else _classes(frame[target], target, positive, classes)
    return task, part_of(frame, schema, task, raw=True)


def _classes(values: pd.Series, target: str, positive: str, classes: Sequence[str]) -> Task:
    if not classes:
        kind = "binary" if values.nunique() == 2 else "multiclass"
        return infer_task(values, target, positive, kind)
    if positive and positive not in classes:
        raise InvalidParameter("positive", f"one of {', '.join(classes[:10])}", positive)
    if len(classes) == 2:
        chosen = positive or classes[1]
        return Task("binary", target, (next(name for name in classes if name != chosen), chosen))
    return Task("multiclass", target, tuple(classes))

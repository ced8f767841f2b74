"""What a model answered, whatever its shape, as scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.data import Task
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError
from mlflow_prod.foreign.arrays import Scores, codes_of, of_array, of_matrix

# Columns of a table of answers, by their meaning; the first that is there is read.
PREDICTIONS = ("prediction", "predictions", "predicted", "label", "class")
PROBABILITIES = ("probability", "probabilities", "proba", "score", "scores")
# What stands before a class's name in the name of its probability's column.
BEFORE = ("probability/", "probability_", "")


def read_answers(task: Task, answers: Any, rows: int, classes: Sequence[str] = ()) -> Scores:
    """The scores that answers of any of these shapes mean.

    Classes: a class for each row; the positive class's probability (n,) or (n, 1); a probability for each
    class (n, classes), or a 1 at the class alone, as whole numbers; or a table of these. A table's
    probabilities stand in columns named by the classes, alone or after `probability/` or `probability_`, or
    in one of PROBABILITIES; classes in one of PREDICTIONS. Numbers that are all names of classes are classes.
    Regression: a number for each row, in a table the column of PREDICTIONS or of the target's name.

    Parameters
    ----------
    answers : array, Series, DataFrame, list, or dict of columns.
    rows : how many were asked about.
    classes : of the columns of probabilities, in order, where the model tells; else the order of the classes'
        numbers or texts, as scikit-learn and infer_task have it. Their texts must be the task's classes.

    Probabilities are those of the model: where its own classes are not those from 0.5 up, `remark` says so.

    Raises
    ------
    DataError : another length or shape, NaN, probabilities outside [0, 1] or that do not add up to 1, a class
        that the task does not know.
    """
    found = plain(answers)
    if len(found) != rows:
        raise DataError(
            f"the model answered {len(found):,} rows of {rows:,}: it must answer each row, in order"
        )
    classes = [str(name) for name in classes]
    if isinstance(found, pd.DataFrame):
        return _of_table(task, found, classes)
    return of_array(task, found, classes)


def plain(answers: Any) -> pd.DataFrame | np.ndarray:
    """Answers as a table or an array, their values as they are; DataError for anything else."""
    if isinstance(answers, pd.DataFrame):
        return answers
    try:
        if isinstance(answers, dict):
            return pd.DataFrame({name: list(np.asarray(column)) for name, column in answers.items()})
        if isinstance(answers, list | tuple) and answers and isinstance(answers[0], dict):
            return pd.DataFrame(list(answers))
        array = np.asarray(answers.toarray() if hasattr(answers, "toarray") else answers)
    except (TypeError, ValueError) as problem:
        raise DataError(f"the model's answers are no table and no array: {problem}") from problem
    if array.ndim == 0:
        raise DataError(f"the model must answer with an array or a table, got {type(answers).__name__}")
    return array


def _of_table(task: Task, table: pd.DataFrame, classes: Sequence[str]) -> Scores:
    names = list(as_text(pd.Series(list(table.columns), dtype=object)))
    if len(set(names)) < len(names):
        raise DataError(f"the model's table must name each column once, got {', '.join(names)}")
    unnamed = names == [str(place) for place in range(len(names))]
    table = table.set_axis(names, axis=1)
    decided = next((name for name in (*PREDICTIONS, task.target) if name in names), None)
    if task.kind == "regression":
        if decided is None and len(names) > 1:
            raise _unread(task, names)
        return of_array(task, table[decided or names[0]].to_numpy(), ())
    for before in BEFORE:
        columns = [f"{before}{name}" for name in task.classes]
        if set(columns) <= set(names):
            return _both(task, of_matrix(task, table[columns].to_numpy(), task.classes), table, decided)
    probable = next((name for name in PROBABILITIES if name in names), None)
    if probable is not None:
        values = _unnested(table[probable])
        # Of more than two classes one number a row is that of the class it names.
        if values.ndim == 2 or task.kind == "binary":
            return _both(task, of_array(task, values, classes), table, decided)
    if decided is not None:
        return of_array(task, _unnested(table[decided]), classes)
    if len(names) == 1:
        return of_array(task, _unnested(table[names[0]]), classes)
    if unnamed:
        return of_array(task, table.to_numpy(), classes)
    raise _unread(task, names)


def _unread(task: Task, names: list[str]) -> DataError:
    wanted = f"{PREDICTIONS[0]!r}"
    if task.kind != "regression":
        wanted += f", {PROBABILITIES[0]!r} or a column for each class"
    return DataError(f"the model's table must have the column {wanted}, got {', '.join(names[:10])}")


def _unnested(column: pd.Series) -> np.ndarray:
    """A column, or where it holds a list in each row, a matrix of these."""
    if len(column) and isinstance(column.iloc[0], list | tuple | np.ndarray):
        lengths = {len(row) if isinstance(row, list | tuple | np.ndarray) else 0 for row in column}
        if len(lengths) > 1:
            raise DataError(f"the model's column {column.name!r} holds lists of unequal length")
        return np.stack([np.asarray(row) for row in column])
    return column.to_numpy()


def _both(task: Task, scores: Scores, table: pd.DataFrame, decided: str | None) -> Scores:
    """Probabilities, held against the classes that stand beside them."""
    if decided is None or not scores.graded:
        return scores
    codes = codes_of(task, pd.Series(table[decided].to_numpy()), fallback=False)
    if codes is None:
        return scores
    values = scores.values
    own = values.argmax(axis=1) if values.ndim == 2 else (values >= 0.5).astype(int)
    differ = int((codes != own).sum())
    if values.ndim == 1 and differ and (values >= 0.5).all():
        raise DataError(
            f"the model's probabilities are all 0.5 or more, also in the {differ:,} rows it calls "
            f"{task.classes[0]!r}: give those of {task.classes[1]!r}, not of each row's own class"
        )
    if not differ:
        return scores
    rule = "from 0.5 up" if values.ndim == 1 else "most probable"
    remark = (
        f"the model's own classes differ in {differ:,} of {len(codes):,} rows from those {rule}, which count"
    )
    return Scores(values, True, remark)

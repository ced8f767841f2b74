"""Remedies against bias that act on the training rows."""

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError, InvalidParameter


def reweighing(target: np.ndarray, groups: pd.DataFrame, weight: np.ndarray | None = None) -> np.ndarray:
    """Row weights, shape (n,), float64, under which class and group are independent.

    A row of group g and class y weighs P(g) P(y) / P(g, y): under the weights every group has the same
    share of each class, and groups, classes and the whole keep their total. Several protected columns
    are crossed. Cells of a few rows get few and therefore large weights: below some 30 rows a cell,
    cross fewer columns or join groups. A group that lacks a class keeps lacking it. Not for labels that
    differ by group for a reason that the model should learn.

    Parameters
    ----------
    target : int64 class codes, shape (n,).
    groups : protected columns, n rows, at least one column; a missing value is a group of its own.
    weight : float64, shape (n,), >= 0, weights that the rows have already; the result includes them.

    Raises
    ------
    InvalidParameter : the target is not class codes (regression), or there is no protected column.
    DataError : different lengths, or weights that are negative or all zero.

    Source: F. Kamiran, T. Calders, "Data preprocessing techniques for classification without
    discrimination", Knowledge and Information Systems 33 (2012), 1-33.

    >>> reweighing(np.array([1, 1, 0, 1, 0, 0]), pd.DataFrame({"sex": ["m", "m", "m", "f", "f", "f"]}))
    array([0.75, 0.75, 1.5 , 1.5 , 0.75, 0.75])
    """
    target = np.asarray(target)
    if not np.issubdtype(target.dtype, np.integer):
        raise InvalidParameter("target", "class codes: reweighing is for classification", target.dtype.name)
    if groups.shape[1] == 0:
        raise InvalidParameter("groups", "at least one protected column: name some in `protected`", [])
    held = np.ones(len(target)) if weight is None else np.asarray(weight, np.float64)
    if not len(target) == len(groups) == len(held):
        raise DataError(f"target, groups, weight differ in rows: {len(target)}, {len(groups)}, {len(held)}")
    if not (held >= 0).all() or not held.sum() > 0:
        raise DataError("weight must be >= 0 and not all 0")
    group = groups.groupby(list(groups.columns), dropna=False, sort=False).ngroup().to_numpy()
    classes, label = np.unique(target, return_inverse=True)
    cell = group * len(classes) + label
    of_group, of_class, of_cell = (np.bincount(code, weights=held) for code in (group, label, cell))
    # A cell whose rows all weigh nothing asks for no correction.
    joint = np.where(of_cell[cell] > 0, of_cell[cell], 1.0)
    return held * of_group[group] * of_class[label] / held.sum() / joint

"""The target: which task it makes, and its values as codes."""

import numpy as np
import pandas as pd

from mlflow_prod.data.numbers import as_numbers
from mlflow_prod.data.task import Task
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError, did_you_mean

KINDS = ("binary", "multiclass", "regression")
POSITIVE = ("yes", "true", "1", "positive", "approved", "repaid", "good")
# Whole numbers with more values than this are amounts, not classes.
MOST_NUMBERED_CLASSES = 20
# Networks learn in float32, which ends at 3e38, and square their errors.
LARGEST = 1e15


def infer_task(values: pd.Series, target: str, positive: str = "", kind: str = "") -> Task:
    """Two values make a binary task, few a multiclass one, numbers of many values a regression.

    Classes are in the order of their numbers, else of their texts. The positive class is `positive`,
    else one that is called yes, true, 1 or the like, else the second.

    Raises DataError where the target cannot be learnt: missing, infinite or nested values, one class only,
    fewer rows than classes, texts that are nearly all distinct, classes that differ in case only, numbers
    beyond 1e15.
    """
    if kind and kind not in KINDS:
        raise DataError(f"task must be one of {', '.join(KINDS)}, got {kind!r}; {did_you_mean(kind, KINDS)}")
    _hold_complete(values, target)
    numbers = _as_numbers(values)
    if kind == "regression" and numbers is None:
        raise DataError(
            f"target {target!r} holds values such as {str(values.iloc[0])!r}: regression needs numbers"
        )
    if numbers is not None and (kind == "regression" or (not kind and _is_amount(values, numbers))):
        if values.nunique() < 2:
            raise DataError(f"target {target!r} has the same value in every row: there is nothing to learn")
        if np.abs(numbers).max() > LARGEST:
            raise DataError(f"target {target!r} goes beyond {LARGEST:g}: give it in a larger unit")
        return Task("regression", target)
    texts = as_text(values)
    in_order = (
        sorted(texts.unique()) if numbers is None else texts.iloc[numbers.argsort(kind="stable")].unique()
    )
    classes = tuple(in_order)
    if len(classes) < 2:
        raise DataError(
            f"target {target!r} has one class only, {classes[0]!r}: give rows of another class too"
        )
    _hold_spelling(classes, target)
    if len(values) < len(classes) or (len(classes) > 20 and len(classes) > len(values) / 2):
        raise DataError(
            f"target {target!r} has {len(classes):,} classes in {len(values):,} rows: "
            "give more rows a class, or name a column with fewer distinct values"
        )
    if kind == "binary" and len(classes) > 2:
        raise DataError(
            f"target {target!r} has {len(classes)} classes, a binary task has two: {', '.join(classes[:9])}"
        )
    if positive and positive not in classes:
        raise DataError(f"positive: no class {positive!r} in {target!r}; {did_you_mean(positive, classes)}")
    if kind == "multiclass" or len(classes) > 2:
        if positive:
            raise DataError(
                f"positive: {target!r} has {len(classes)} classes; only a binary task has a positive one"
            )
        return Task("multiclass", target, classes)
    chosen = positive or next((name for name in classes if name.lower() in POSITIVE), classes[1])
    return Task("binary", target, (next(name for name in classes if name != chosen), chosen))


def encode_target(task: Task, values: pd.Series) -> np.ndarray:
    """Shape (n,): int64 class codes, or float64; raises DataError on a class that the task does not know."""
    _hold_complete(values, task.target)
    if task.kind == "regression":
        numbers = _as_numbers(values)
        if numbers is None:
            raise DataError(f"target {task.target!r} must hold numbers, got {str(values.iloc[0])!r}")
        return numbers
    codes = pd.Index(task.classes, dtype="str").get_indexer(pd.Index(as_text(values)))
    if (codes < 0).any():
        unknown = str(as_text(values).iloc[int(np.argmax(codes < 0))])
        raise DataError(
            f"target {task.target!r}: unknown class {unknown!r}; {did_you_mean(unknown, task.classes)}"
        )
    return codes.astype(np.int64)


def _hold_complete(values: pd.Series, target: str) -> None:
    lost = int(values.isna().sum())
    if lost:
        raise DataError(
            f"target {target!r} is missing in {lost:,} of {len(values):,} rows: label or remove them"
        )
    numbers = _as_numbers(values)
    if numbers is not None and not np.isfinite(numbers).all():
        raise DataError(
            f"target {target!r} is infinite in {int((~np.isfinite(numbers)).sum()):,} rows: remove those rows"
        )


def _hold_spelling(classes: tuple[str, ...], target: str) -> None:
    spelt: dict[str, str] = {}
    for name in classes:
        other = spelt.setdefault(" ".join(name.casefold().split()), name)
        if other != name:
            raise DataError(
                f"target {target!r}: the classes {other!r} and {name!r} differ in case or blanks only: "
                "write them alike"
            )


def _as_numbers(values: pd.Series) -> np.ndarray | None:
    if pd.api.types.is_bool_dtype(values):
        return None
    try:
        return as_numbers(values)
    except (TypeError, ValueError):
        return None


def _is_amount(values: pd.Series, numbers: np.ndarray) -> bool:
    distinct = values.nunique() if pd.api.types.is_numeric_dtype(values) else 2
    return distinct > MOST_NUMBERED_CLASSES or (distinct != 2 and bool((numbers % 1 != 0).any()))

"""What a model must be set beside: models that learn nothing, the one before it, people."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean
from mlflow_prod.evaluate.count import count_rows
from mlflow_prod.evaluate.evaluation import figures
from mlflow_prod.evaluate.rows import Rows

THIS, MAJORITY, MEAN, MEDIAN = "this model", "majority class", "mean", "median"
NO_CHANGE, HUMAN = "no change", "human level"
# What can be told of answers that are classes; all else needs probabilities, which nobody gave.
OF_ANSWERS = ("accuracy", "balanced_accuracy", "f1", "macro_f1")

SHARES = (*OF_ANSWERS, "auc", "pr_auc", "ece")


def references(
    task: Task,
    target: np.ndarray,
    scores: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    others: Mapping[str, np.ndarray] | None = None,
    learnt: np.ndarray | None = None,
    time: np.ndarray | None = None,
    human: np.ndarray | Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """The figures of a model beside those of what it has to beat, on the same rows.

    Returns a row for each: `this model`; `others` by their names; what answers the same everywhere, `majority
    class` (its scores are the classes' shares) or, of numbers, `mean` and `median`; `no change` and `human
    level` where asked for. Columns: model, n (Kish's effective rows), and each figure of `evaluation` with
    `_low` and `_high`, 95% each by itself; NaN where unknown. Answers without probabilities have no areas and
    losses. For how much this model has over another take `versus`, whose interval is paired and narrower.

    Parameters
    ----------
    target, scores, weight : as of `evaluation`.
    others : scores of other models by name, such as {"incumbent": scores}.
    learnt : the target (m,) of the rows that the model learnt from, which `majority class`, `mean` and
        `median` are then taken from; else they are the best of their kind for these very rows.
    time : (n,) values that sort the rows in time, rows of equal time in their order; `no change` answers each
        row with the target of the row before it, and is measured on all rows but the first. The yardstick of
        series, where a target that stays for long makes any model look good (A. Bifet et al., ECML PKDD
        (2013), 465-479). Not for rows of many series at once.
    human : people's answers (n,), class codes or numbers; or their figures by name, such as {"accuracy":
        0.98}. An estimate of the best that is possible (the Bayes error).

    Raises DataError as `evaluation` does, of the model that it names; InvalidParameter for an unknown figure
    or a name that is taken.
    """
    rows = Rows.of(task, target, scores, weight)
    own = (THIS, MAJORITY, MEAN, MEDIAN, NO_CHANGE, HUMAN)
    found = [_row(THIS, rows)]
    for name, theirs in (others or {}).items():
        if name in own:
            raise InvalidParameter("others", f"named otherwise than {', '.join(own)}", name)
        found.append(_row(name, _rows(name, task, rows.target, theirs, rows.weight)))
    for name, same in _constants(rows, learnt):
        found.append(_row(name, Rows.of(task, rows.target, same, rows.weight)))
    if time is not None:
        found.append(_no_change(rows, np.asarray(time)))
    if isinstance(human, Mapping):
        found.append(_told(human, found[0]))
    elif human is not None:
        found.append(_answered(HUMAN, task, rows.target, np.asarray(human), rows.weight))
    return pd.DataFrame(found)


def _row(model: str, rows: Rows) -> dict[str, object]:
    counts = count_rows(rows, pd.DataFrame())
    parts = {
        f"{name}{end}": float(part[0])
        for name, figure in figures(counts).items()
        for end, part in (("", figure.value), ("_low", figure.low), ("_high", figure.high))
    }
    return {"model": model, "n": rows.n, **parts}


def _rows(name: str, task: Task, target: np.ndarray, scores: np.ndarray, weight: np.ndarray | None) -> Rows:
    try:
        return Rows.of(task, target, scores, weight)
    except DataError as problem:
        raise DataError(f"{name}: {problem}") from problem


def _targets(name: str, task: Task, values: np.ndarray) -> np.ndarray:
    """Values that must be codes of the task's classes, or finite numbers, checked as targets are."""
    shape = (len(values), len(task.classes)) if task.kind == "multiclass" else (len(values),)
    blank = np.full(shape, 1 / max(1, len(task.classes)))
    return _rows(name, task, values, blank, None).target


def _constants(rows: Rows, learnt: np.ndarray | None) -> Iterator[tuple[str, np.ndarray]]:
    """Scores that are the same for every row."""
    task, n = rows.task, len(rows.target)
    weight = rows.weight if learnt is None else None
    values = rows.target if learnt is None else _targets("learnt", task, learnt)
    mass = np.ones(len(values)) if weight is None else weight
    if task.kind == "regression":
        yield MEAN, np.full(n, np.average(values, weights=mass))
        order = np.argsort(values, kind="stable")
        half = np.searchsorted(np.cumsum(mass[order]), mass.sum() / 2)
        yield MEDIAN, np.full(n, values[order][half])
        return
    shares = np.bincount(values, mass, len(task.classes)) / mass.sum()
    yield MAJORITY, np.full(n, shares[1]) if task.kind == "binary" else np.tile(shares, (n, 1))


def _no_change(rows: Rows, time: np.ndarray) -> dict[str, object]:
    if time.shape != rows.target.shape or pd.isna(time).any():
        raise DataError(f"time must have {len(rows.target)} values, none missing, got {time.shape}")
    if len(time) < 2:
        raise DataError("no change needs at least two rows: the first has none before it")
    try:
        order = np.argsort(time, kind="stable")
    except TypeError as problem:
        raise DataError(f"time must hold values of one type, which sort: {problem}") from problem
    weight = None if rows.weight is None else rows.weight[order][1:]
    return _answered(NO_CHANGE, rows.task, rows.target[order][1:], rows.target[order][:-1], weight)


def _answered(
    name: str, task: Task, target: np.ndarray, answers: np.ndarray, weight: np.ndarray | None
) -> dict[str, object]:
    """The figures of answers that are no scores: classes, whose probabilities nobody knows, or numbers."""
    if task.kind == "regression":
        return _row(name, _rows(name, task, target, answers, weight))
    sure = np.eye(len(task.classes))[_targets(name, task, answers)]
    row = _row(name, _rows(name, task, target, sure[:, 1] if task.kind == "binary" else sure, weight))
    known = {f"{figure}{end}" for figure in OF_ANSWERS for end in ("", "_low", "_high")} | {"model", "n"}
    return {column: value if column in known else np.nan for column, value in row.items()}


def _told(figures_given: Mapping[str, float], like: Mapping[str, object]) -> dict[str, object]:
    for name, value in figures_given.items():
        if f"{name}_low" not in like:
            known = [column.removesuffix("_low") for column in like if column.endswith("_low")]
            raise InvalidParameter("human", f"figures that are measured ({did_you_mean(name, known)})", name)
        if not np.isfinite(value):
            raise InvalidParameter("human", "finite figures", {name: value})
        if name in SHARES and not 0 <= value <= 1:
            raise InvalidParameter("human", "shares between 0 and 1", {name: value})
    return {column: figures_given.get(column, np.nan) for column in like} | {"model": HUMAN}

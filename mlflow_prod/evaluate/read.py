"""Scored rows in batches of a table, checked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.data.task import Task
from mlflow_prod.data.text import as_text
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate.cuts import Cut
from mlflow_prod.evaluate.rows import Rows


def score_columns(task: Task, score: str | Sequence[str]) -> tuple[str, ...]:
    """The columns of a model's answers, one or of more than two classes one each, else InvalidParameter."""
    names = (score,) if isinstance(score, str) else tuple(score)
    needed = len(task.classes) if task.kind == "multiclass" else 1
    if len(names) != needed:
        raise InvalidParameter("score", f"{needed} column{'s'[: needed > 1]} of a {task.kind} task", names)
    return names


@dataclass(frozen=True)
class Reading:
    """Which columns hold scored rows, and what these are cut by; names as of `count`."""

    task: Task
    score: tuple[str, ...]
    cuts: tuple[Cut, ...]
    weight: str = ""

    @property
    def texts(self) -> list[str]:
        """The columns that cuts read."""
        return list(dict.fromkeys(name for cut in self.cuts for name in cut.reads))

    @property
    def columns(self) -> list[str]:
        """All columns that are read, each once."""
        numbers = [self.task.target, *self.score, *([self.weight] if self.weight else [])]
        return list(dict.fromkeys([*self.texts, *numbers]))

    def of(self, batch: pa.RecordBatch) -> tuple[Rows, list[pa.Array]]:
        """The rows of a batch, checked, and of each cut an array (n,) with their categories.

        DataError as `Rows.part` raises, and for what is no number or class.
        """
        return self.rows(batch), [cut.of(batch) for cut in self.cuts]

    def each(self, found: Iterable[pa.RecordBatch]) -> Iterator[tuple[Rows, list[pa.Array]]]:
        """The same of each of some batches; of later ones an error tells which rows it counts from."""
        start = 0
        for batch in found:
            try:
                part = self.of(batch)
            except DataError as problem:
                if not start:
                    raise
                raise DataError(f"{problem}, counted from row {start}") from problem
            yield part
            start += len(batch)

    def rows(self, batch: pa.RecordBatch) -> Rows:
        """The rows alone."""
        target = batch.column(self.task.target)
        regression = self.task.kind == "regression"
        labels = _numbers(target, self.task.target) if regression else _codes(target, self.task)
        found = [_numbers(batch.column(name), name) for name in self.score]
        scores = np.stack(found, axis=1) if self.task.kind == "multiclass" else found[0]
        weights = _numbers(batch.column(self.weight), self.weight) if self.weight else None
        return Rows.part(self.task, labels, scores, weights)


def _codes(target: pa.Array, task: Task) -> np.ndarray:
    whole = all(text.removeprefix("-").isdecimal() for text in task.classes)
    if task.kind == "binary" and pa.types.is_integer(target.type) and not target.null_count and whole:
        # Ten times as fast as by a dictionary.
        values = target.to_numpy(zero_copy_only=False)
        negative, positive = (values == int(text) for text in task.classes)
        if (negative | positive).all():
            return np.asarray(positive, np.int32)
    coded = target if pa.types.is_dictionary(target.type) else target.dictionary_encode()
    texts = as_text(pd.Series(coded.dictionary.to_pylist(), dtype=object)).tolist()
    missing = target.null_count or any(pd.isna(text) for text in texts)
    unknown = [text for text in texts if text not in task.classes]
    if missing or unknown:
        got = "a missing value" if missing else repr(unknown[0])
        raise DataError(f"target {task.target!r} must hold the classes {', '.join(task.classes)}, got {got}")
    numbers = np.array([task.classes.index(text) for text in texts], np.int32)
    return numbers.take(coded.indices.to_numpy(zero_copy_only=False), mode="clip")


def _numbers(values: pa.Array, name: str) -> np.ndarray:
    kinds = (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)
    if not any(kind(values.type) for kind in kinds):
        raise DataError(f"column {name!r} must hold numbers, got {values.type}")
    # Whole numbers beyond 2^53 are rounded, not refused.
    return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))

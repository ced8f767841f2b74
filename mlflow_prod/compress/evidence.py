"""What compression kept, saved and costs, as measures."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import versus
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.evidence import Measure
from mlflow_prod.stats import mean, wilson
from mlflow_prod.tflite.contents import Contents

# What stands before the name of a figure where the difference to the original's is meant.
DIFFERENCE = "difference/"


def compression(
    task: Task,
    target: np.ndarray,
    original: np.ndarray,
    small: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    tolerance: float = 0.1,
) -> list[Measure]:
    """What a smaller model kept of its original, on the same held-out rows.

    Measures, in order: `agreement`, share of rows given the same class (regression: given the same number up
    to `tolerance`), with Wilson's interval; `probability_gap`, mean absolute difference of the probabilities
    (regression: `score_gap`, in the target's unit); and `difference/accuracy`, `difference/auc`,
    `difference/log_loss`, `difference/brier` (regression: `difference/mae`), the smaller model's figure less
    the original's with the paired intervals of `evaluate.versus`.

    Agreement alone is no measure of quality: two models can agree and both be wrong. Every row counts once in
    it and in the gap, whatever it weighs.

    Parameters
    ----------
    target, original, small : (n,) or scores (n, classes), n >= 1, after `Task`'s convention.
    weight : (n,), of the differences.
    tolerance : regression: in standard deviations of `original`, > 0.

    Raises InvalidParameter, and DataError which says of which model the answers cannot be measured.
    """
    if not tolerance > 0:
        raise InvalidParameter("tolerance", "> 0", tolerance)
    for name, scores in {"original": original, "small": small}.items():
        try:
            Rows.of(task, target, scores, weight)
        except DataError as problem:
            raise DataError(f"the {name} model's answers cannot be measured: {problem}") from problem
    n = len(target)
    gap = np.abs(np.asarray(original, np.float64) - small)
    if task.kind == "regression":
        same = int((gap <= tolerance * float(np.std(original))).sum())
    else:
        same = int((_classes(original) == _classes(small)).sum())
        gap = gap.reshape(n, -1).mean(axis=1)
    low, high = wilson(same, n)
    centre, least, most = mean(gap)
    known = math.isfinite(least)
    differences = versus(task, target, small, original, "", weight)
    return [
        Measure("agreement", same / n, float(low), float(high), n),
        Measure(
            "score_gap" if task.kind == "regression" else "probability_gap",
            centre,
            max(0.0, least) if known else None,
            most if known else None,
            n,
        ),
        *(replace(difference, name=f"{DIFFERENCE}{difference.name}") for difference in differences),
    ]


def sizes(small: Contents, original: Contents | None = None) -> list[Measure]:
    """What a smaller file takes, and how often it goes into its original's.

    Measures, in order: `bytes` and `gzip_bytes` of the file; where there is an original, `compression_ratio`
    and `gzip_ratio`, its bytes over these; `arena`, bytes of memory for activations; `multiply_adds` and
    `bytes_moved` for one row, a proxy of energy (`tflite.contents`).

    `original` is the model's float32 file, so that formats compare alike; None where it has none.
    """
    ratios = [] if original is None else [
        Measure("compression_ratio", original.bytes / small.bytes),
        Measure("gzip_ratio", original.gzip / small.gzip),
    ]  # fmt: skip
    return [
        Measure("bytes", small.bytes, unit="bytes"),
        Measure("gzip_bytes", small.gzip, unit="bytes"),
        *ratios,
        Measure("arena", small.arena, unit="bytes"),
        Measure("multiply_adds", small.multiply_adds),
        Measure("bytes_moved", small.moved, unit="bytes"),
    ]


def operators(small: Contents, original: Contents | None = None) -> pd.DataFrame:
    """How often each operator stands in a file, the most frequent first: `operator`, `small`, `original`."""
    there = {} if original is None else original.operators
    names = sorted({*small.operators, *there}, key=lambda name: (-small.operators.get(name, 0), name))
    rows = [(name, small.operators.get(name, 0), there.get(name, 0)) for name in names]
    table = pd.DataFrame(rows, columns=["operator", "small", "original"])
    return table.drop(columns="original") if original is None else table


def against(measures: Iterable[Measure], original: str) -> list[Measure]:
    """What `measures` say of the two models together, `against` the digest of the original.

    Agreement, gap and differences, the latter under the names that `evaluate.versus` gives: so that evidence
    tells which original was meant, and a rule `versus: incumbent` finds them where that holds the target.
    """
    return [
        replace(measure, name=measure.name.removeprefix(DIFFERENCE), against=original)
        for measure in measures
        if measure.name.startswith((DIFFERENCE, "agreement", "probability_gap", "score_gap"))
    ]


def _classes(scores: np.ndarray) -> np.ndarray:
    return scores >= 0.5 if scores.ndim == 1 else scores.argmax(axis=1)

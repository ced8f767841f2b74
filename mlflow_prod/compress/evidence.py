"""What compression kept, saved and costs in time, as measures."""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import Measure
from mlflow_prod.stats import mean, quantile_of, wilson


def compression(
    task: Task,
    original: np.ndarray,
    compressed: np.ndarray,
    *,
    original_bytes: int,
    compressed_bytes: int,
    tolerance: float = 0.1,
    against: str = "",
) -> list[Measure]:
    """Agreement of a compressed model with its original on held-out rows, and its size.

    Measures, in order: `agreement`, share of rows given the same class (regression: given the same number up
    to `tolerance`), with Wilson's interval; `probability_gap`, mean absolute difference of the probabilities
    (regression: `score_gap`, in the target's unit); `bytes`; `compression_ratio`, original over compressed.

    Not a measure of quality: two models can agree and both be wrong.

    Parameters
    ----------
    original, compressed : scores of the two models on the same rows, after `Task`'s convention.
    original_bytes : size of the original as a float32 TFLite file, > 0, so that formats compare alike.
    compressed_bytes : size of the compressed TFLite file, > 0.
    tolerance : regression: in standard deviations of `original`, > 0.
    against : digest of the original model, stored with the two measures of difference.

    Raises InvalidParameter.
    """
    if original.shape != compressed.shape or len(original) == 0:
        raise InvalidParameter(
            "compressed", f"scores of shape {original.shape}, at least one row", compressed.shape
        )
    for name, number in {
        "original_bytes": original_bytes,
        "compressed_bytes": compressed_bytes,
        "tolerance": tolerance,
    }.items():
        if not number > 0:
            raise InvalidParameter(name, "> 0", number)
    n = len(original)
    gap = np.abs(np.asarray(original, np.float64) - compressed)
    if task.kind == "regression":
        same = int((gap <= tolerance * float(np.std(original))).sum())
    else:
        same = int((_classes(original) == _classes(compressed)).sum())
        gap = gap.reshape(n, -1).mean(axis=1)
    low, high = wilson(same, n)
    centre, least, most = mean(gap)
    known = math.isfinite(least)
    return [
        Measure("agreement", same / n, float(low), float(high), n, against=against),
        Measure(
            "score_gap" if task.kind == "regression" else "probability_gap",
            centre,
            max(0.0, least) if known else None,
            most if known else None,
            n,
            against=against,
        ),
        Measure("bytes", compressed_bytes, unit="bytes"),
        Measure("compression_ratio", original_bytes / compressed_bytes),
    ]


def latency(
    score: Callable[[np.ndarray], Any], rows: np.ndarray, *, calls: int = 1000, warm_up: int = 50
) -> list[Measure]:
    """Milliseconds that `score` takes on one encoded row: `p50`, `p95` over `calls`, with 95% intervals.

    `rows`, shape (n, *input shape), n >= 1, are taken in turn, one a call; `warm_up` calls before the first
    are not timed. The interval is that of the order statistics: it holds for any distribution of times, but
    not for another machine, nor for a busier one. `calls` >= 100, else InvalidParameter.
    """
    if calls < 100:
        raise InvalidParameter("calls", ">= 100", calls)
    if len(rows) == 0:
        raise InvalidParameter("rows", "at least one encoded row", len(rows))
    batches = [rows[row : row + 1] for row in range(min(len(rows), calls))]
    for call in range(warm_up):
        score(batches[call % len(batches)])
    taken = np.empty(calls)
    for call in range(calls):
        batch = batches[call % len(batches)]
        start = time.perf_counter()
        score(batch)
        taken[call] = time.perf_counter() - start
    taken = np.sort(taken * 1000)
    return [_percentile(taken, share) for share in (0.50, 0.95)]


def _percentile(ordered: np.ndarray, share: float) -> Measure:
    n = len(ordered)
    half = quantile_of(0.95) * math.sqrt(n * share * (1 - share))
    low, high = (
        min(n - 1, max(0, rank)) for rank in (math.floor(n * share - half), math.ceil(n * share + half))
    )
    value = float(np.quantile(ordered, share, method="inverted_cdf"))
    return Measure(f"p{share * 100:.0f}", value, float(ordered[low]), float(ordered[high]), n, unit="ms")


def _classes(scores: np.ndarray) -> np.ndarray:
    return scores >= 0.5 if scores.ndim == 1 else scores.argmax(axis=1)

"""Do the probabilities mean what they say: what was predicted beside what came true."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.evaluate.binary import NEGATIVE, POSITIVE
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.figures import effective
from mlflow_prod.evaluate.rows import LEAST_ROWS
from mlflow_prod.evidence.measure import told
from mlflow_prod.stats import wilson

GROUPS = 10


def reliability(counts: Counts, columns: Sequence[str] = ()) -> pd.DataFrame:
    """All rows, and the slices of `columns`, each cut by score into up to ten groups of nearly equal size.

    Returns a row for each group: `slice` (`all rows`, `sex Female`), `said` (mean predicted probability),
    `observed` (share of positive rows), `low` and `high` (Wilson's 95% interval of it, on Kish's effective
    number where rows are weighted) and `rows`. A group ends where a bin of scores does, and holds 10 rows or
    more; slices of fewer are left out. `observed` is exact; `said` is where a bin of several scores counts as
    its middle, which lies within 0.006 of each of them.

    Raises InvalidParameter for a task of other than two classes, and for columns that were not counted.
    """
    task, scale = counts.counting.task, counts.counting.scale
    if task.kind != "binary":
        raise InvalidParameter("task", "binary: others have no one probability", task.kind)
    for column in columns:
        if column not in counts.counting.columns:
            hint = did_you_mean(column, counts.counting.columns)
            raise InvalidParameter("columns", f"columns that were counted ({hint})", column)
    least, most = scale.ends
    middles, found = (least + most) / 2, counts.slices
    rows = []
    for at, cut in enumerate(found.cuts):
        if not cut or (len(cut) == 1 and cut[0][0] in columns):
            groups = _groups(middles, found.rows[at], found.mass[at], found.squares[at])
            rows += [(told(cut) or "all rows", *group) for group in groups]
    return pd.DataFrame(rows, columns=["slice", "said", "observed", "low", "high", "rows"])


def _groups(
    middles: np.ndarray, rows: np.ndarray, mass: np.ndarray, squares: np.ndarray
) -> Iterator[tuple[float, float, float, float, int]]:
    n = rows.sum(axis=0)
    if n.sum() < LEAST_ROWS or not mass.sum():
        return
    wanted = max(1, min(GROUPS, int(n.sum()) // LEAST_ROWS))
    # Where the middle row of a bin stands among all.
    place = (np.cumsum(n) - n / 2) / n.sum()
    group = np.minimum((place * wanted).astype(np.int64), wanted - 1)
    for of in _of_enough(group, n):
        weight = mass[:, of].sum(axis=1)
        total = weight.sum()
        if not total:
            continue
        observed = weight[POSITIVE] / total
        kept = effective(np.array([total]), np.array([squares[:, of].sum()]))
        low, high = wilson(observed * kept, kept)
        said = ((mass[NEGATIVE, of] + mass[POSITIVE, of]) * middles[of]).sum() / total
        yield float(said), float(observed), float(low[0]), float(high[0]), int(n[of].sum())


def _of_enough(group: np.ndarray, n: np.ndarray) -> Iterator[np.ndarray]:
    """The bins of each group; one that is short of rows goes with the next, the last with the one before."""
    runs, waiting = [], np.empty(0, np.int64)
    for number in np.unique(group):
        waiting = np.concatenate([waiting, np.flatnonzero(group == number)])
        if n[waiting].sum() >= LEAST_ROWS:
            runs.append(waiting)
            waiting = np.empty(0, np.int64)
    if len(waiting) and runs:
        runs[-1] = np.concatenate([runs[-1], waiting])
    yield from runs

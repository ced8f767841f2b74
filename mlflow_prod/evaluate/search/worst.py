"""The slices on which a model is worst, found without naming them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal, get_args

import numpy as np
import pandas as pd
import pyarrow as pa

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate.cuts import Cut
from mlflow_prod.evaluate.cuts.bands import bands
from mlflow_prod.evaluate.losses import losses
from mlflow_prod.evaluate.one_pass import Source, one_pass
from mlflow_prod.evaluate.read import Reading, score_columns
from mlflow_prod.evaluate.rows import NO_WEIGHT, Rows
from mlflow_prod.evaluate.search.alarms import LEVEL
from mlflow_prod.evaluate.search.excess import Excess
from mlflow_prod.evaluate.search.overlaps import MOST_SLICES, Overlapping, Overlaps
from mlflow_prod.evidence.measure import told
from mlflow_prod.profile import Cells, Layout
from mlflow_prod.stats import benjamini_hochberg, chosen_confidence

LossName = Literal["error", "log_loss"]
MOST_TOGETHER = 3
# Of three columns together, 39 of them: more would take minutes and gigabytes.
MOST_SETS = 10_000


def worst(
    source: Source,
    task: Task,
    score: str | Sequence[str],
    columns: Sequence[str | Cut],
    *,
    weight: str = "",
    loss: LossName = "error",
    threshold: float = 0.5,
    together: int = 3,
    most: int = 20,
    least_rows: int = 30,
) -> pd.DataFrame:
    """The slices, of up to three columns together, whose mean loss is furthest above that of the other rows.

    Parameters
    ----------
    source, task, score, weight : as of `count`; read twice, for the search and for what slices share, and
        once before where `columns` names numbers of more than 8 values, searched in quartiles (`bands`).
    columns : what slices may be cut by. One of more than 4,096 values is left out, and so are columns
        together of more; they stand in `attrs["left_out"]` of the result.
    loss : "error": classes: whether a row's class is missed; regression: the absolute error, in the target's
        unit. "log_loss": of classes.
    threshold : of two classes, from which up the positive one is chosen, for "error".
    together : most columns of a slice, 1 to 3.
    most : slices listed, at most.
    least_rows : slices of fewer rows are not looked at.

    Returns, worst first, that is by how little its excess can be chance: `slice` ("sex Female, town a"),
    `rows`, `share` of all rows, `value` (mean loss), `low`, `high`, the mean loss of the `rest`, the `gap` to
    it, `p_value`, and `adjusted` for all slices looked at: of those at most 0.05 some 5% are chance, and on
    data without worse slices one is that low in at most 5% of tables. 95% of the intervals listed hold,
    though slices were picked for their values (`chosen_confidence`).

    A slice is listed only if it is clearly worse (p <= 0.001) than what is left of a larger slice that is bad
    without it, too, and, without the rows that it shares with those listed above, than the rest: it is the
    one that explains an excess, not each that overlaps with it. So the list may be shorter than `most`, and
    other names of nearly the same rows are not told. At most the first 256 slices that no larger one explains
    are compared so, fewer where rows lie in them in more than 32,768 ways; `attrs["compared"]` says how many.

    Found nearly always: an excess d over a rate r from some 40 r (1 - r) / d^2 rows on, such as 130 rows of
    error rate 0.35 against 0.15 (`benchmarks/worst.py`). Not for rows that hang together, such as many of one
    person. Raises DataError as `count` does, InvalidParameter.

    Sources: Y. Chung et al., Slice Finder, ICDE (2019); E. Pastor et al., DivExplorer, SIGMOD (2021).
    """
    names = score_columns(task, score)
    if together not in range(1, MOST_TOGETHER + 1):
        raise InvalidParameter("together", f"1 to {MOST_TOGETHER}", together)
    for name, number in (("most", most), ("least_rows", least_rows)):
        if not isinstance(number, int) or number < 1:
            raise InvalidParameter(name, "a whole number, 1 or more", number)
    sets = sum(comb(len(columns), size) for size in range(1, together + 1))
    if not 1 <= sets <= MOST_SETS:
        rule = f"one at least, and at most {MOST_SETS:,} sets of up to {together}: name fewer"
        raise InvalidParameter("columns", rule, tuple(columns))
    cuts = _cuts(source, columns)
    searched = Searched(task, tuple(cut.name for cut in cuts), loss, threshold, together, bool(weight))
    reading = Reading(task, names, tuple(cuts), weight)
    cells = one_pass(source, reading, searched, Cells.from_bytes)
    if weight and not cells.weight > 0:
        raise DataError(NO_WEIGHT)
    excess = Excess(cells.slices())
    gap = excess.figure.value - excess.rest.value
    tested = np.flatnonzero((excess.rows >= least_rows) & ~np.isnan(excess.p) & ~np.isnan(gap))
    # Far out p values are all 0: the gap in standard errors, but for a factor, still tells them apart.
    order = tested[np.lexsort((-gap[tested] * np.sqrt(excess.figure.n[tested]), excess.p[tested]))]
    some = excess.standing_out(order[excess.p[order] <= LEVEL])[:MOST_SLICES]
    overlapping = Overlapping(searched, tuple(excess.cuts[at] for at in some))
    overlaps = one_pass(source, reading, overlapping, Overlaps.from_bytes) if len(some) else Overlaps(0)
    table = _table(excess, tested, excess.explaining(some, overlaps, most))
    table.attrs |= {"left_out": cells.left_out, "compared": overlaps.slices}
    return table


@dataclass(frozen=True)
class Searched:
    """How rows are counted for a search: few counts a cell, in the manner of `Counting`."""

    task: Task
    columns: tuple[str, ...]
    loss: LossName
    threshold: float
    together: int
    weighted: bool

    def __post_init__(self) -> None:
        if self.loss not in get_args(LossName) or (self.loss == "log_loss" and not self.task.classes):
            rule = "error or log_loss" if self.task.classes else "error for regression"
            raise InvalidParameter("loss", rule, self.loss)
        if not 0 <= self.threshold <= 1:
            raise InvalidParameter("threshold", "between 0 and 1", self.threshold)
        if len(set(self.columns)) < len(self.columns):
            raise InvalidParameter("columns", "named once each", self.columns)

    @property
    def _counted(self) -> bool:
        return self.loss == "error" and self.task.kind != "regression"

    def cells(self) -> Cells:
        """Cells that hold nothing yet: rows by whether they are missed, or one sum of losses."""
        columns = range(len(self.columns))
        crosses = [one for k in range(2, self.together + 1) for one in itertools.combinations(columns, k)]
        inner, values = ((2,), 0) if self._counted else ((1,), 1)
        return Cells(Layout(self.columns, tuple(crosses), inner, values, self.weighted, summed=True))

    def add(self, cells: Cells, rows: Rows, groups: Sequence[pa.Array]) -> None:
        """Counts a batch."""
        if self._counted:
            cells.add(groups, self._missed(rows), None, rows.weight)
        else:
            cells.add(groups, np.zeros(len(rows.target), np.int32), self.values(rows)[None], rows.weight)

    def values(self, rows: Rows) -> np.ndarray:
        """What each row costs, (n,) float64."""
        if self.task.kind == "regression":
            return np.abs(rows.scores - rows.target)
        return self._missed(rows).astype(np.float64) if self._counted else losses(rows)[0]

    def _missed(self, rows: Rows) -> np.ndarray:
        chosen = rows.scores >= self.threshold if self.task.kind == "binary" else rows.predicted
        return np.asarray(chosen != rows.target, np.int32)


def _table(excess: Excess, tested: np.ndarray, found: Sequence[int]) -> pd.DataFrame:
    gap, p = excess.figure.value - excess.rest.value, excess.p[tested]
    adjusted = np.full(len(gap), np.nan)
    adjusted[tested] = benjamini_hochberg(p)
    confidence = chosen_confidence(max(1, len(found)), max(1, len(tested)))
    low, high = excess.figure.widened(confidence, share=excess.share)
    table = pd.DataFrame(
        {
            "slice": pd.Series([told(excess.cuts[at]) for at in found], dtype="str"),
            "rows": excess.rows[found],
            "share": excess.rows[found] / excess.rows[0],
            "value": excess.figure.value[found],
            "low": low[found],
            "high": high[found],
            "rest": excess.rest.value[found],
            "gap": gap[found],
            "p_value": excess.p[found],
            "adjusted": adjusted[found],
        }
    )
    table.attrs["tested"] = len(tested)
    return table


def _cuts(source: Source, columns: Sequence[str | Cut]) -> list[Cut]:
    """Numbers of many values in bands, all else as it is."""
    named = iter(bands(source, [cut for cut in columns if isinstance(cut, str)]))
    return [next(named) if isinstance(cut, str) else cut for cut in columns]

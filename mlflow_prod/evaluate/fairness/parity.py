"""Do groups fare alike? Every notion of fairness, column by column."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean, shown
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.fairness.gaps import Gap
from mlflow_prod.evaluate.fairness.notions import comparisons
from mlflow_prod.profile import Scale, Slices

KEY = ["column", "notion", "measure", "threshold"]
COLUMNS = [*KEY, *(name for name in Gap._fields if name != "measure")]


def parity(counts: Counts, columns: Sequence[str] = (), thresholds: Sequence[float] = ()) -> pd.DataFrame:
    """The largest difference and the smallest ratio between any two groups, for each notion of fairness.

    Two classes: `demographic parity` and `disparate impact` (`positive_rate`; the 80% rule asks for a ratio
    of 0.8), `equal opportunity` (`true_positive_rate`), `equalized odds` (that or `false_positive_rate`,
    whichever differs more; the ratio is the lower of the two), `predictive parity` (`precision`), each at
    every threshold, and `calibration` (observed less predicted share of positives). More classes:
    `positive_rate`, `recall` and `precision` of each class, under the first, third and fifth name.
    Regression: `error gap` (`mean_error`, `mae`).

    Equal figures say nothing of why they are equal, and several notions cannot hold at once where base rates
    differ: choose the one that fits the decision. Sources: M. Hardt et al., NeurIPS (2016); A. Chouldechova,
    Big Data 5 (2017), 153-163.

    Parameters
    ----------
    columns : whose groups are compared; columns that were crossed in the order in which they were counted,
        such as "sex, race". By default each column by itself.
    thresholds : of two classes: tenths, or those that were counted, which are the default.

    Returns
    -------
    A row for each column, notion, measure and threshold (NaN where there is none): column, notion, measure,
    threshold, least and most (the two groups), difference, ratio (of amounts and shares; the lower over the
    higher, NaN where both are 0), each with `_low` and `_high`, bound, n and groups, as `Gap` has them. The
    95% intervals hold for all pairs of groups of a row together, not for all rows. Groups in which a figure
    rests on fewer than 10 rows, or calibration on fewer of the rarer class, are left out; with fewer than two
    left the row is NaN.

    Raises InvalidParameter for a column or a threshold that was not counted, DataError for a column that is
    called as a cross of others is.
    """
    at = counted(counts.counting.scale, thresholds)
    found = []
    for column, part in groups_of(counts, columns):
        for comparison in comparisons(counts.counting, part, at):
            of = {"column": column, "notion": comparison.notion, "threshold": comparison.threshold}
            found.append(of | comparison.gap(groups_in(part))._asdict())
    return pd.DataFrame(found, columns=COLUMNS)


def groups_of(counts: Counts, columns: Sequence[str] = ()) -> Iterator[tuple[str, Slices]]:
    """Each of `columns`, as `parity` takes and calls them, with the slices that it cuts."""
    slices, places = counts.slices, dict[str, list[int]]()
    for at, cut in enumerate(slices.cuts[1:], 1):
        of = places.setdefault(", ".join(name for name, _ in cut), [])
        if of and len(slices.cuts[of[0]]) != len(cut):
            raise DataError(f"column {cut[0][0]!r} and others are called as one column is: rename that")
        of.append(at)
    alone = [name for name, of in places.items() if len(slices.cuts[of[0]]) == 1]
    for name in columns or alone:
        if name not in places:
            hint = did_you_mean(name, places)
            raise InvalidParameter("columns", f"columns that were counted ({hint})", name)
        yield name, some_of(slices, places[name])


def some_of(slices: Slices, places: Sequence[int]) -> Slices:
    """The slices at some places, in that order."""
    arrays = {field.name: getattr(slices, field.name) for field in fields(slices) if field.name != "cuts"}
    at = np.array(places, np.intp)
    taken: dict[str, Any] = {name: None if array is None else array[at] for name, array in arrays.items()}
    return replace(slices, cuts=tuple(slices.cuts[place] for place in places), **taken)


def groups_in(part: Slices) -> list[str]:
    """What the groups are called: their values."""
    return [", ".join(value for _, value in cut) for cut in part.cuts]


def counted(scale: Scale, thresholds: Sequence[float]) -> tuple[float, ...]:
    """The thresholds that are asked for, by default the scale's own; InvalidParameter where it is not cut."""
    for threshold in thresholds:
        if threshold != 0 and threshold not in scale.edges:
            rule = f"tenths or of those that were counted ({', '.join(map(shown, scale.thresholds))})"
            raise InvalidParameter("thresholds", rule, threshold)
    return tuple(thresholds) or scale.thresholds

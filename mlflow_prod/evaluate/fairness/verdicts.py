"""Is a gap within its margin? Where that is open: how many rows would decide, and where the gap arises."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate.counting import Counts
from mlflow_prod.evaluate.fairness.gaps import Kind, ends, enough
from mlflow_prod.evaluate.fairness.notions import Comparison, comparisons
from mlflow_prod.evaluate.fairness.parity import COLUMNS, KEY, counted, groups_in, groups_of, parity, some_of
from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.profile import Slices
from mlflow_prod.profile.scale import TENTHS
from mlflow_prod.stats import bonferroni, growth_to_decide, newcombe

WITHIN, BEYOND, UNDECIDED, UNKNOWN = "within", "beyond", "undecided", "unknown"
# Of these the ratio is judged, of all others the difference.
BY_RATIO = ("disparate impact", "mae")


class Margins(NamedTuple):
    """How far apart groups may lie.

    `difference` : of shares, > 0 and at most 1. `ratio` : the least that is allowed, strictly between 0 and
    1; 0.8 is the rule of four fifths. `error` : of `mean_error`, in the target's unit, > 0; NaN: nothing is
    said of it.
    """

    difference: float = 0.1
    ratio: float = 0.8
    error: float = math.nan


MARGINS = Margins()


class Detail(NamedTuple):
    """What stands behind gaps that are undecided, as `detail` says."""

    thresholds: pd.DataFrame
    slices: pd.DataFrame


def verdicts(counts: Counts, table: pd.DataFrame, margins: Margins = MARGINS) -> pd.DataFrame:
    """Which gaps of a `parity` table are within their margins, and how many rows the undecided ones need.

    Disparate impact and `mae` are judged by the ratio, all else by the difference.

    Returns the table and, at its end: judged (`difference` or `ratio`), margin, verdict (`within` and
    `beyond` where the whole interval is, `undecided` where it holds the margin, `unknown` where there is no
    figure or no margin), rows (of the groups that are compared) and, where undecided, rows_needed: so many in
    all, groups in their present proportions, decide if the gap stays what it is. Infinity: even a million
    times as many do not, as with a gap that equals its margin, or bins that are too coarse.

    Raises InvalidParameter for a margin that breaks its rule, DataError for a row that these counts do not
    have.
    """
    _check(margins)
    found = [_verdict(row, comparison, part, margins) for row, comparison, part in _traced(counts, table)]
    added = pd.DataFrame(found, columns=["judged", "margin", "verdict", "rows", "rows_needed"])
    return pd.concat([table[COLUMNS].reset_index(drop=True), added], axis=1)


def detail(counts: Counts, table: pd.DataFrame, margins: Margins = MARGINS) -> Detail:
    """Goes into the rows of a `parity` table that are undecided.

    `thresholds`: of two classes, the verdicts on the same column and notion at every tenth and at every
    threshold that was counted. `slices`, where columns were crossed: the gap between the same two groups
    inside each value of each further column, as column, notion, measure, threshold, slice, difference (of the
    group `most` less that of `least`), difference_low, difference_high (holding together for all values of
    the further column), n, share (of the groups' rows, the mean of the two), and carried = share x
    difference. What the carried parts of a further column lack to the whole gap is due to the groups'
    different mix of its values. Sorted by carried within each further column. Values with fewer than 10 rows
    of either group are left out.

    Arguments and errors as of `verdicts`. Source of the parts: E. Kitagawa, JASA 50 (1955), 1168-1194.
    """
    judged = verdicts(counts, table, margins)
    unsure = judged[judged["verdict"] == UNDECIDED]
    return Detail(_at_tenths(counts, unsure, margins), carried(counts, unsure))


def carried(counts: Counts, table: pd.DataFrame) -> pd.DataFrame:
    """Inside which slices the gaps of a `parity` table arise, decided or not, as `detail`'s `slices` tell."""
    # Groups that are all alike have no gap that could arise anywhere.
    table = table[table["least"] != table["most"]]
    inside = [
        one for row, comparison, _ in _traced(counts, table) for one in _inside(counts, row, comparison)
    ]
    named = [*KEY, "slice", "difference", "difference_low", "difference_high", "n", "share", "carried"]
    return pd.DataFrame(inside, columns=named)


def _check(margins: Margins) -> None:
    if not 0 < margins.difference <= 1:
        raise InvalidParameter("margins.difference", "> 0 and at most 1", margins.difference)
    if not 0 < margins.ratio < 1:
        raise InvalidParameter("margins.ratio", "strictly between 0 and 1", margins.ratio)
    if not (margins.error > 0 or math.isnan(margins.error)):
        raise InvalidParameter("margins.error", "> 0, or NaN for none", margins.error)


def _traced(counts: Counts, table: pd.DataFrame) -> Iterator[tuple[pd.Series, Comparison, Slices]]:
    """Each row of a table with the comparison that made it and the slices that this is of."""
    if lost := [name for name in KEY if name not in table]:
        raise DataError(f"the table lacks the column {lost[0]!r}: pass one that `parity` made")
    at = sorted(set(table["threshold"].dropna()))
    counted(counts.counting.scale, at)
    names = list(dict.fromkeys(table["column"]))
    made = {
        name: (part, list(comparisons(counts.counting, part, at)))
        for name, part in (groups_of(counts, names) if names else ())
    }
    for _, row in table.iterrows():
        part, known = made[row["column"]]
        of_row = [one for one in known if one.notion == row["notion"] and row["measure"] in one.figures]
        same = [one for one in of_row if one.threshold == row["threshold"] or np.isnan(one.threshold)]
        if not same:
            raise DataError(
                f"the row {row[KEY].tolist()} is not of these counts: pass a table that `parity` made"
            )
        yield row, same[0], part


def _verdict(row: pd.Series, comparison: Comparison, part: Slices, margins: Margins) -> tuple[object, ...]:
    by_ratio = row["notion"] in BY_RATIO or row["measure"] in BY_RATIO
    judged = "ratio" if by_ratio else "difference"
    in_unit = margins.error if row["measure"] == "mean_error" else margins.difference
    margin = margins.ratio if by_ratio else in_unit
    rows = int(Whole.of(part).rows.sum())
    low, high = float(row[f"{judged}_low"]), float(row[f"{judged}_high"])
    if np.isnan([row[judged], low, high, margin]).any():
        return judged, margin, UNKNOWN, rows, math.nan
    if low < margin < high:
        groups = groups_in(part)

        def interval(growth: float) -> tuple[float, float]:
            gap = comparison.gap(groups, growth)
            return (gap.ratio_low, gap.ratio_high) if by_ratio else (gap.difference_low, gap.difference_high)

        return judged, margin, UNDECIDED, rows, np.ceil(rows * growth_to_decide(interval, margin))
    within = low >= margin if by_ratio else high <= margin
    return judged, margin, WITHIN if within else BEYOND, rows, math.nan


def _at_tenths(counts: Counts, unsure: pd.DataFrame, margins: Margins) -> pd.DataFrame:
    at = sorted({*TENTHS, *counts.counting.scale.thresholds})
    asked = unsure[unsure["threshold"].notna()]
    found = parity(counts, list(dict.fromkeys(asked["column"])), at) if len(asked) else unsure[COLUMNS][:0]
    wanted = set(zip(asked["column"], asked["notion"], strict=True))
    kept = np.array([pair in wanted for pair in zip(found["column"], found["notion"], strict=True)], bool)
    return verdicts(counts, found[kept], margins)


def _inside(counts: Counts, row: pd.Series, comparison: Comparison) -> Iterator[dict[str, object]]:
    """The gap of a row inside each value of a further column."""
    slices = counts.slices
    groups: dict[str, dict[tuple[str, str], int]] = {row["least"]: {}, row["most"]: {}}
    for at, cut in enumerate(slices.cuts):
        for further in cut:
            rest = [pair for pair in cut if pair != further]
            group = ", ".join(value for _, value in rest)
            if ", ".join(name for name, _ in rest) == row["column"] and group in groups:
                groups[group][further] = at
    of_least, of_most = groups.values()
    # The parts of one further column make up the whole, so that its gap is told apart by each on its own.
    for column in dict.fromkeys(name for name, _ in of_least):
        shared = [further for further in of_least if further[0] == column and further in of_most]
        part = some_of(slices, [of[further] for of in (of_least, of_most) for further in shared])
        found = comparisons(counts.counting, part, [row["threshold"]])
        figure = next(
            one for one in found if one.notion == comparison.notion and row["measure"] in one.figures
        )
        yield from _parts(row, figure.figures[row["measure"]], comparison.kind, shared)


def _parts(
    row: pd.Series, figure: Figure, kind: Kind, shared: list[tuple[str, str]]
) -> Iterator[dict[str, object]]:
    least, most = (Figure(*(values.reshape(2, -1)[of] for values in figure)) for of in (0, 1))
    shares = (least.rows / least.rows.sum() + most.rows / most.rows.sum()) / 2
    kept = np.flatnonzero(enough(least, kind) & enough(most, kind))
    if not len(kept):
        return
    of_least, of_most = (Figure(*(values[kept] for values in one)) for one in (least, most))
    confidence = bonferroni(len(kept))
    low, high = newcombe(*((one.value, *ends(one, kind, confidence)) for one in (of_most, of_least)))
    gaps = of_most.value - of_least.value
    for at in np.argsort(-shares[kept] * gaps, kind="stable"):
        yield {
            **{name: row[name] for name in KEY},
            "slice": " ".join(shared[kept[at]]),
            "difference": gaps[at],
            "difference_low": low[at],
            "difference_high": high[at],
            "n": of_least.n[at] + of_most.n[at],
            "share": shares[kept[at]],
            "carried": shares[kept[at]] * gaps[at],
        }

"""Thresholds by group: a remedy against bias that leaves the scores as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean
from mlflow_prod.profile import Scale, Slices

Constraint = Literal["demographic parity", "equal opportunity", "equalized odds"]
NEGATIVE, POSITIVE = 0, 1
# The threshold of a model without the remedy, and of rows of groups that it does not know.
USUAL = 0.5
# The widest gaps that the trade-off curve allows, evenly spaced from 0 to the gap of the best thresholds.
STEPS = 40
# Two rates are looked at from so many starting points each, which bounds the work.
MOST_STARTS = 128
# Shares that are equal on paper may differ in the last bits.
SLACK = 1e-12
MISSING = "missing"


@dataclass(frozen=True)
class GroupThresholds:
    """From which score up the positive class is chosen, by the value of a column.

    Whoever decides by them treats equal scores of two groups unequally, on purpose: in some fields and
    countries the law forbids it. `thresholds`: (group, threshold) pairs; other and missing groups have the
    usual 0.5.
    """

    column: str
    thresholds: tuple[tuple[str, float], ...]

    def apply(self, scores: np.ndarray, groups: Sequence[object] | pd.Series) -> np.ndarray:
        """Which rows are chosen, bool (n,), of probabilities (n,) and the column's values (n,)."""
        return np.asarray(scores, np.float64) >= self._of(scores, groups)

    def shifted(self, scores: np.ndarray, groups: Sequence[object] | pd.Series) -> np.ndarray:
        """Scores (n,) of which 0.5 is the threshold, whatever the group: its logit is taken off each score's.

        In every group their order stays; they are no probabilities any more, but say what is decided.
        """
        score, threshold = np.asarray(scores, np.float64), self._of(scores, groups)
        # The odds of the score over those of the threshold, as a share again.
        up, down = score * (1 - threshold), (1 - score) * threshold
        share = np.divide(up, up + down, out=np.full_like(score, USUAL), where=up + down > 0)
        # Rounding does not move a score over its threshold.
        return np.where(score >= threshold, share, np.minimum(share, np.nextafter(USUAL, 0)))

    def _of(self, scores: np.ndarray, groups: Sequence[object] | pd.Series) -> np.ndarray:
        values = pd.Series(groups, dtype=object)
        if np.shape(scores) != (len(values),):
            raise DataError(
                f"scores must have shape ({len(values)},) to fit the groups, got {np.shape(scores)}"
            )
        if not ((np.asarray(scores) >= 0) & (np.asarray(scores) <= 1)).all():
            raise DataError("scores must be probabilities between 0 and 1")
        codes, distinct = pd.factorize(values, use_na_sentinel=False)
        known = dict(self.thresholds)
        names = [MISSING if pd.isna(value) else str(value) for value in distinct]
        found: np.ndarray = np.array([known.get(name, USUAL) for name in names], np.float64)[codes]
        return found


class TradeOff(NamedTuple):
    """What `thresholds_by_group` found: the thresholds that were chosen, and the curve to choose from."""

    chosen: GroupThresholds
    curve: pd.DataFrame


def thresholds_by_group(
    slices: Slices,
    scale: Scale,
    column: str,
    constraint: Constraint = "equal opportunity",
    *,
    most: float = 0.02,
    least_rows: int = 100,
) -> TradeOff:
    """The most accurate thresholds by group under which groups differ by at most `most`.

    One threshold a group and no chance: who has the same score and group is treated the same. The randomised
    rules of Hardt et al. come nearer to equalized odds, where the groups' ROC curves do not meet at all. For
    one rate the thresholds are the best that the bins have; for equalized odds, of two, they are nearly so,
    and hold the gap all the same. Take other rows than those that the model learnt from, and measure the
    outcome on further ones: there the gap is as much wider as chance has it, so ask for less than you have to
    hold. Not for scores that are wrong in one group for want of data: there better data is the remedy.

    Parameters
    ----------
    slices, scale : of a binary task's `evaluate.Counts`: `counts.slices` and `counts.counting.scale`.
    column : that was counted, by whose values groups are told.
    constraint : what must be nearly equal: the positive rate, the true positive rate, or this and the false
        positive rate.
    most : the widest gap allowed, from 0 to 1.
    least_rows : groups of fewer rows, or without rows of the class that a rate is a share of, keep 0.5, and
        do not count in the gap.

    Returns
    -------
    The thresholds chosen, and the curve: thresholds (as text), accuracy and gap on the counted rows, chosen
    (bool); first the usual threshold for all, then those by group from the narrowest gap to the best
    accuracy.

    Raises InvalidParameter for a column that was not counted, other tasks than binary ones, an unknown
    constraint, `most` outside [0, 1]; DataError with fewer than two groups of so many rows.
    Source: M. Hardt, E. Price, N. Srebro, "Equality of opportunity in supervised learning", NeurIPS (2016).
    """
    if constraint not in get_args(Constraint):
        raise InvalidParameter("constraint", f"one of {', '.join(get_args(Constraint))}", constraint)
    if not 0 <= most <= 1:
        raise InvalidParameter("most", "between 0 and 1", most)
    if slices.mass.shape[1:] != (2, scale.bins):
        raise InvalidParameter("slices", f"of two classes by {scale.bins} bins", slices.mass.shape[1:])
    groups = _Groups.of(slices, scale, column, constraint, least_rows)
    usual = np.full(len(groups.names), scale.first(USUAL))
    widths = {*np.linspace(0, groups.gap(groups.best(1.0)), STEPS).tolist(), most}
    found = [groups.best(width) for width in sorted(widths)]
    found.sort(key=lambda places: (groups.gap(places), -groups.accuracy(places)))
    # What is no more accurate with a wider gap is no choice.
    front: list[np.ndarray] = []
    for places in found:
        if not front or groups.accuracy(places) > groups.accuracy(front[-1]):
            front.append(places)
    chosen = [places for places in front if groups.gap(places) <= most + SLACK][-1]
    curve = [
        {
            "thresholds": ", ".join(
                f"{name} {at:.3f}" for name, at in zip(groups.names, _thresholds(places, scale), strict=True)
            ),
            "accuracy": groups.accuracy(places),
            "gap": groups.gap(places),
            "chosen": places is chosen,
        }
        for places in (usual, *front)
    ]
    pairs = tuple(zip(groups.names, _thresholds(chosen, scale).tolist(), strict=True))
    return TradeOff(GroupThresholds(column, pairs), pd.DataFrame(curve))


class _Groups(NamedTuple):
    """Of each group by threshold: `rates` (rates, groups, places), the weight `right` (groups, places)."""

    names: list[str]
    rates: np.ndarray
    right: np.ndarray
    rest: float
    weight: float

    @classmethod
    def of(
        cls, slices: Slices, scale: Scale, column: str, constraint: Constraint, least_rows: int
    ) -> "_Groups":
        alone = {cut[0][1]: at for at, cut in enumerate(slices.cuts) if [name for name, _ in cut] == [column]}
        if not alone:
            known = {cut[0][0] for cut in slices.cuts if len(cut) == 1}
            raise InvalidParameter(
                "column", f"a column that was counted ({did_you_mean(column, known)})", column
            )
        mass = slices.mass[list(alone.values())]
        # Choosing nobody is no threshold: above the last bin there is none.
        chosen = mass[..., ::-1].cumsum(-1)[..., ::-1]
        total = mass.sum(-1, keepdims=True)
        right = chosen[:, POSITIVE] + (total - chosen)[:, NEGATIVE]
        parts = {
            "demographic parity": [(chosen.sum(1), total.sum(1))],
            "equal opportunity": [(chosen[:, POSITIVE], total[:, POSITIVE])],
            "equalized odds": [(chosen[:, label], total[:, label]) for label in (POSITIVE, NEGATIVE)],
        }[constraint]
        enough = slices.rows[list(alone.values())].sum((1, 2)) >= least_rows
        enough &= np.logical_and.reduce([of[:, 0] > 0 for _, of in parts])
        if enough.sum() < 2:
            raise DataError(
                f"{column} has {enough.sum()} groups of at least {least_rows} rows with both classes: two "
                "are needed"
            )
        usual = right[:, scale.first(USUAL)]
        rates = np.stack([hits[enough] / of[enough] for hits, of in parts])
        names = [name for name, kept in zip(alone, enough, strict=True) if kept]
        return cls(names, rates, right[enough], float(usual[~enough].sum()), float(total.sum()))

    def gap(self, places: np.ndarray) -> float:
        """The largest difference between two groups in any of the rates, at a threshold each."""
        at = self.rates[:, np.arange(len(self.names)), places]
        return float((at.max(axis=1) - at.min(axis=1)).max())

    def best(self, width: float) -> np.ndarray:
        """The place of each group's threshold: the most right answers whose rates lie within `width`."""
        limit = len(np.unique(self.rates)) if len(self.rates) == 1 else MOST_STARTS
        starts = [_thinned(np.unique(rate), limit) for rate in self.rates]
        windows = np.stack([axis.ravel() for axis in np.meshgrid(*starts, indexing="ij")])
        total = np.zeros(windows.shape[1])
        places = []
        for group, right in enumerate(self.right):
            # Rates fall as thresholds rise, so that a window holds neighbouring ones.
            falling = -self.rates[:, group]
            first = np.max(
                [
                    np.searchsorted(of, -start - width - SLACK, "left")
                    for of, start in zip(falling, windows, strict=True)
                ],
                axis=0,
            )
            last = np.min(
                [
                    np.searchsorted(of, -start + SLACK, "right")
                    for of, start in zip(falling, windows, strict=True)
                ],
                axis=0,
            )
            place = _highest(right, first, last)
            total += np.where(last > first, right[place], -np.inf)
            places.append(place)
        # All groups are chosen whole at the first threshold, so that there is always one.
        found: np.ndarray = np.stack(places)[:, int(total.argmax())]
        return found

    def accuracy(self, places: np.ndarray) -> float:
        """The share of right answers, of all rows."""
        right = self.right[np.arange(len(self.names)), places].sum() + self.rest
        return float(right) / self.weight


def _thinned(values: np.ndarray, most: int) -> np.ndarray:
    """At most so many of sorted values, evenly by rank, the last of them among them."""
    return values[np.unique(np.linspace(0, len(values) - 1, min(most, len(values))).astype(int))]


def _thresholds(places: np.ndarray, scale: Scale) -> np.ndarray:
    edges = np.append(0.0, scale.edges)
    if not scale.exact:
        return edges[places]
    # A bin of one score begins with it: between it and the next lower one is where no rounding can reach.
    between = np.append(0.0, (edges[1:] + edges[:-1]) / 2)
    return between[places]


def _highest(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Where the highest of values[first:last] stands, (queries,); the first of equal ones."""
    tables = [np.arange(len(values))]
    while (step := 2 ** (len(tables) - 1)) * 2 <= len(values):
        left, right = tables[-1][:-step], tables[-1][step:]
        tables.append(np.where(values[right] > values[left], right, left))
    length = np.maximum(last - first, 1)
    level = np.log2(length).astype(int)
    found = np.zeros(len(first), int)
    for size, table in enumerate(tables):
        of = np.flatnonzero(level == size)
        left = table[np.minimum(first[of], len(table) - 1)]
        right = table[np.clip(last[of] - 2**size, 0, len(table) - 1)]
        found[of] = np.where(values[right] > values[left], right, left)
    return found

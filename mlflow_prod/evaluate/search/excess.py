"""Which slices explain why rows are worse than others: those that no other one explains."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from mlflow_prod.evaluate.figures import Figure, Whole, average, effective, share
from mlflow_prod.evaluate.search.overlaps import Overlaps
from mlflow_prod.evaluate.search.rest import of_means, of_shares
from mlflow_prod.profile import Slices
from mlflow_prod.profile.cells import Slice
from mlflow_prod.stats import quantile_of

# A slice must be worse than its surroundings by more than one of a thousand is by chance.
CLEARLY = 0.001
# What is left of a larger slice is bad, too, if that is as unlikely to be chance.
CHANCE = 0.01


class Excess:
    """The loss of each slice, of which the first is all rows, and of what is left of one without others.

    `slices` counts rows by whether they are missed, inner shape (2,), or sums up one value of each, (1,).
    """

    def __init__(self, slices: Slices) -> None:
        self.cuts = slices.cuts
        self.share = slices.rows.shape[1] == 2
        counts = [part.sum(axis=1) for part in (slices.rows, slices.mass, slices.squares)]
        hits = (slices.mass[:, -1], slices.squares[:, -1], slices.squares[:, -1])
        # (6, s), which add and subtract as rows do: rows, weights, squares; sums of w v, w^2 v, w^2 v^2.
        self._sums = np.stack([*counts, *(hits if self.share else slices.sums[:, 0].T)])
        self._at = {cut: at for at, cut in enumerate(slices.cuts)}
        self.rows = counts[0]
        self.figure = self._figure(self._sums)
        self.rest = self._figure(self._sums[:, :1] - self._sums)
        value, half = float(self.figure.value[0]), float((self.figure.high - self.figure.value)[0])
        by_interval = half / quantile_of(0.95) * float(np.sqrt(self.figure.n[0]))
        # Standard deviation of a row.
        self._spread = float(np.sqrt(value * (1 - value))) if self.share else by_interval
        self.p = self._p(self._sums, self._sums[:, :1] - self._sums)

    def standing_out(self, order: np.ndarray) -> np.ndarray:
        """Of the slices in `order` those that no larger one explains, of the columns that they are cut by."""
        return order[self._stand_out(order)]

    def explaining(self, slices: np.ndarray, overlaps: Overlaps, most: int) -> list[int]:
        """Of `slices`, worst first, up to `most` that neither a larger nor an earlier one explains.

        `overlaps`: in which of the first of them rows lie; those that it does not tell apart are left out.
        """
        inside, sums, found = overlaps.inside, overlaps.sums, list[int]()
        for at in range(inside.shape[1]):
            if len(found) == most:
                break
            if self._is_left(at, found, inside, sums):
                found.append(at)
                # Those inside a larger one may by now, together, explain it, and it one of them.
                found = [
                    one
                    for one in found
                    if not (_holds(inside, one, at) or _holds(inside, at, one))
                    or self._is_left(one, found, inside, sums)
                ]
        return [int(slices[at]) for at in found]

    def _stand_out(self, slices: np.ndarray) -> np.ndarray:
        """Whether each slice is worse than what is left of each larger one that holds it, if that is bad too.

        A larger one of the same rows is the simpler name for them.
        """
        pairs = [(at, self._at[cut]) for at in slices.tolist() for cut in _larger(self.cuts[at])]
        holding = np.array(pairs, np.int64).reshape(-1, 2)
        one, larger = self._sums[:, holding[:, 0]], self._sums[:, holding[:, 1]]
        left, everything = larger - one, self._sums[:, :1]
        bad = ~(self._p(left, everything - larger) > CHANCE)
        explained = bad & ~(self._p(one, left) <= CLEARLY)
        return ~np.isin(slices, holding[explained, 0])

    def _is_left(self, at: int, found: Sequence[int], inside: np.ndarray, sums: np.ndarray) -> bool:
        """Whether a slice is worse than the rest without the rows that it shares with those found.

        And than what is left of each found one that holds all of its rows, if that is bad, too.
        """
        own = inside[:, at]
        others = [one for one in found if one != at and (inside[:, one] & own).any()]
        holding = [one for one in others if _holds(inside, one, at)]
        apart = [one for one in others if one not in holding]
        left = ~inside[:, apart].any(axis=1)

        def total(ways: np.ndarray) -> np.ndarray:
            return sums[:, ways & left].sum(axis=1, keepdims=True)

        if apart and not self._p(total(own), total(~own)) <= CLEARLY:
            return False
        for larger in (inside[:, one] for one in holding):
            bad = not self._p(total(larger & ~own), total(~larger)) > CHANCE
            if bad and not self._p(total(own), total(larger & ~own)) <= CLEARLY:
                return False
        return True

    def _p(self, sums: np.ndarray, others: np.ndarray) -> np.ndarray:
        """p values of a higher mean loss; 1 without a test where it is within one standard error."""
        one, other = self._figure(sums), self._figure(others)
        gap = one.value - other.value
        ahead = np.flatnonzero(gap * np.sqrt(one.n) > self._spread)
        one, other = (Figure(*(column[ahead] for column in figure)) for figure in (one, other))
        p = np.where(np.isnan(gap), np.nan, 1.0)
        if self.share:
            p[ahead] = of_shares(one, other, "more")
        else:
            p[ahead] = of_means(one, other, self._spread, "more")
        return p

    def _figure(self, sums: np.ndarray) -> Figure:
        rows, weight, squares, once, twice, squared = np.where(sums[0] > 0, sums, 0.0)
        whole = Whole(rows, weight, squares, effective(weight, squares))
        if self.share:
            return share(once, weight, squares, rows)
        return average(whole, once, twice, squared)


def _larger(cut: Slice) -> Iterator[Slice]:
    for size in range(1, len(cut)):
        yield from itertools.combinations(cut, size)


def _holds(inside: np.ndarray, larger: int, smaller: int) -> bool:
    return not (inside[:, smaller] & ~inside[:, larger]).any()

"""Which slices explain why rows are worse than others: those that no larger or overlapping slice explains."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from mlflow_prod.evaluate.figures import Figure, Whole, average, effective, share
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
        self._longest = max(len(cut) for cut in slices.cuts)
        self._at = {cut: at for at, cut in enumerate(slices.cuts)}
        self.rows = counts[0]
        self.figure = self._figure(self._sums)
        self.rest = self._figure(self._sums[:, :1] - self._sums)
        value, half = float(self.figure.value[0]), float((self.figure.high - self.figure.value)[0])
        by_interval = half / quantile_of(0.95) * float(np.sqrt(self.figure.n[0]))
        # Standard deviation of a row.
        self._spread = float(np.sqrt(value * (1 - value))) if self.share else by_interval
        self.p = self._p(self._sums, self._sums[:, :1] - self._sums)

    def explaining(self, order: np.ndarray, most: int) -> list[int]:
        """Of the slices in `order`, worst first, up to `most` that no larger and no earlier one explains."""
        found: list[int] = []
        for at in order[self._stand_out(order)].tolist():
            if len(found) == most:
                break
            if self._is_left(at, found):
                found.append(at)
                # Those inside a larger one may by now, together, explain it.
                found = [one for one in found if not self._holds(one, at) or self._is_left(one, found)]
        return found

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

    def _is_left(self, at: int, found: Sequence[int]) -> bool:
        """Whether a slice is worse than the rest also without the rows it shares with those found.

        Without those of each, and without those of as many together as have no row in common.
        """
        removed: list[np.ndarray] = []
        apart: list[int] = []
        together = np.zeros((2, len(self._sums), 1))
        for other in found:
            both = None if self._holds(other, at) else self._both(at, other)
            if both is None:
                continue
            shared = self._sums[:, [both]]
            removed.append(np.stack([shared, self._sums[:, [other]] - shared]))
            if all(self._disjoint(other, one) for one in apart):
                together = together + removed[-1]
                apart.append(other)
        if not removed:
            return True
        inside, outside = np.concatenate([*removed, together], axis=2)
        one = self._sums[:, [at]]
        return bool((self._p(one - inside, self._sums[:, :1] - one - outside) <= CLEARLY).all())

    def _holds(self, larger: int, smaller: int) -> bool:
        return set(self.cuts[larger]) <= set(self.cuts[smaller])

    def _disjoint(self, one: int, other: int) -> bool:
        """Whether two slices have different values of one column."""
        values = dict(self.cuts[one])
        return any(values.get(column, value) != value for column, value in self.cuts[other])

    def _both(self, one: int, other: int) -> int | None:
        """The slice of the rows that two share; None where they share none, or it was not counted."""
        pairs = {*self.cuts[one], *self.cuts[other]}
        if self._disjoint(one, other) or len(pairs) > self._longest:
            return None
        return next((self._at[cut] for cut in itertools.permutations(pairs) if cut in self._at), None)

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

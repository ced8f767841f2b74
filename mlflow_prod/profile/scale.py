"""The bins that probabilities are counted in."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.profile import kernels

# In logits: what is nearer to 0 or 1 than 6e-6 is counted together.
FARTHEST = 12
BINS = 512
# Of so many scores each can have a bin of its own.
MOST_SCORES = 2_048
# Where calibration is looked at, in bins of equal width.
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))


class Scale:
    """Bins with the given ascending edges, each but the first from its edge up.

    Cut again at tenths and at every threshold, so that counts from these up are exact.
    `thresholds`: each between 0 and 1; InvalidParameter otherwise. `exact`: no bin holds different scores.
    """

    def __init__(
        self, edges: np.ndarray, thresholds: Iterable[float] = (0.5,), *, exact: bool = False
    ) -> None:
        self.exact = exact
        try:
            asked = {float(threshold) for threshold in thresholds}
        except (TypeError, ValueError):
            raise InvalidParameter("thresholds", "several numbers between 0 and 1", thresholds) from None
        for threshold in asked:
            if not 0 <= threshold <= 1:
                raise InvalidParameter("threshold", "between 0 and 1", threshold)
        self.thresholds = tuple(sorted(asked))
        cuts = [threshold for threshold in self.thresholds if threshold > 0]
        self.edges = np.union1d(edges, [*TENTHS, *cuts])

    @classmethod
    def logits(cls, thresholds: Iterable[float] = (0.5,)) -> "Scale":
        """512 bins evenly spaced in logits, for scores that nobody has seen yet."""
        return cls(1 / (1 + np.exp(-np.linspace(-FARTHEST, FARTHEST, BINS - 1))), thresholds)

    @classmethod
    def of(cls, scores: np.ndarray, thresholds: Iterable[float] = (0.5,), most: int = MOST_SCORES) -> "Scale":
        """A bin for each of up to `most` different scores, so that no two count as tied; else as `logits`.

        A quantized model has 256, whatever the number of rows. `most` is at most 16,384.
        """
        # Most often a few of many scores tell that there are too many.
        for some in (scores[: 2 * most], scores):
            if len(different := np.unique(some)) > most:
                return cls.logits(thresholds)
        return cls(different, thresholds, exact=True)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same bins."""
        return (
            isinstance(other, Scale) and self.exact == other.exact and np.array_equal(self.edges, other.edges)
        )

    def __hash__(self) -> int:
        return hash((self.exact, self.edges.tobytes()))

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """(least, most), each (bins,): between what the scores of a bin lie; equal where it holds but one."""
        least = np.concatenate([[0.0], self.edges])
        return least, least if self.exact else np.concatenate([self.edges, [1.0]])

    @cached_property
    def tenths(self) -> np.ndarray:
        """(bins,) int32: in which tenth of [0, 1] a bin lies, each from its lower end up."""
        return np.searchsorted(TENTHS, self.ends[0], side="right").astype(np.int32)

    @property
    def bins(self) -> int:
        """How many there are."""
        return len(self.edges) + 1

    def first(self, threshold: float) -> int:
        """The first bin whose scores reach a threshold, which is 0 or one of the cuts."""
        return int(np.searchsorted(self.edges, threshold)) + 1 if threshold > 0 else 0

    def place(self, scores: np.ndarray) -> np.ndarray:
        """The bin of each score in [0, 1], int16 (n,)."""
        found: np.ndarray = kernels.place(np.asarray(scores), self.edges, self._guide)
        return found

    @cached_property
    def _guide(self) -> np.ndarray:
        half = np.arange(kernels.FARTHEST // 2 + 1, dtype=np.int32)
        # The least float32 with these leading bits; beyond 0.5 none is asked for.
        near = np.nan_to_num((half << kernels.DROPPED).view(np.float32), nan=0.5, posinf=0.5).clip(0, 0.5)
        guide = np.zeros(kernels.FARTHEST + 1, np.int16)
        guide[kernels.FARTHEST - half] = np.searchsorted(self.edges, 1 - near.astype(np.float64), "right")
        guide[half] = np.searchsorted(self.edges, near.astype(np.float64), "right")
        return guide

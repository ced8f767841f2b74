"""The bins that probabilities are counted in."""

from functools import cached_property

import numpy as np

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.profile import kernels

# In logits: about as near to 0 and 1 as a network that answers in float32 can come.
FARTHEST = 16
BINS = 512
# Where calibration is looked at, in bins of equal width.
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))


class Scale:
    """512 bins evenly spaced in logits, cut again at every threshold, so that counts from it up are exact.

    `thresholds`: each strictly between 0 and 1; InvalidParameter otherwise. Tenths are always among the cuts.
    The AUC that the bins give lies within `sum(p * n) / 2` of that of the rows, p and n being the shares of
    the positive and the negative rows in each bin, since only rows of one bin are taken for ties.
    """

    def __init__(self, thresholds: tuple[float, ...] = (0.5,)) -> None:
        for threshold in thresholds:
            if not 0 < threshold < 1:
                raise InvalidParameter("threshold", "strictly between 0 and 1", threshold)
        self.thresholds = tuple(sorted(set(thresholds)))
        logits = np.linspace(-FARTHEST, FARTHEST, BINS - 1)
        self.edges = np.union1d(1 / (1 + np.exp(-logits)), [*TENTHS, *self.thresholds])

    @property
    def bins(self) -> int:
        """How many there are."""
        return len(self.edges) + 1

    def first(self, threshold: float) -> int:
        """The first bin whose scores reach a threshold."""
        return int(np.searchsorted(self.edges, threshold)) + 1

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

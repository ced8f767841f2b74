"""Shares by group, counted in one pass."""

from typing import NamedTuple

import numpy as np

from mlflow_prod.stats import wilson


class Rates(NamedTuple):
    """Of each group, shape (groups,): its share of hits, its rows, and the rows its interval counts on."""

    value: np.ndarray
    rows: np.ndarray
    n: np.ndarray

    def interval(self, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Wilson's ends, each (groups,)."""
        return wilson(self.value * self.n, self.n, confidence)


def rates(codes: np.ndarray, hits: np.ndarray, groups: int, weight: np.ndarray | None = None) -> Rates:
    """Shares of `hits` (n,) bool by group code (n,); a group without rows or weight has share 0 and n 0."""
    rows = np.bincount(codes, minlength=groups)
    if weight is None:
        return Rates(
            np.bincount(codes[hits], minlength=groups) / np.maximum(rows, 1), rows, rows.astype(float)
        )
    total, squares = (np.bincount(codes, part, groups) for part in (weight, weight**2))
    share = np.bincount(codes[hits], weight[hits], groups) / np.where(total > 0, total, 1)
    # Two sums over the same rows may differ in the last bit, and a share may not pass 1.
    return Rates(share.clip(0, 1), rows, total**2 / np.where(squares > 0, squares, 1))

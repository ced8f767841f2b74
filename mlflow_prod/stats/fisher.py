"""Do two groups of rows hit equally often?"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mlflow_prod.errors import InvalidParameter


def fisher(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    side: Literal["differs", "more", "less"] = "differs",
) -> np.ndarray:
    """p value of Fisher's exact test of two independent shares, float64 of the inputs' common shape.

    Each argument is (hits, n), whole numbers, 0 <= hits <= n < 2^31. `side`: whether the first hits "more",
    "less", or "differs", which is twice the smaller of both. As exact at p = 1e-9 as at 0.05, whatever the
    counts, which tests of many slices need: an approximation finds an alarm in each rare hit of a small one.
    Cautious where counts are few. No rows in either: 1. Raises InvalidParameter. Source: R. A. Fisher, JRSS
    98 (1935), 39-82.

    >>> round(float(fisher((8, 10), (1, 10), "more")), 6)
    0.002739
    """
    from scipy.stats import hypergeom

    if side not in ("differs", "more", "less"):
        raise InvalidParameter("side", "one of differs, more, less", side)
    given = np.broadcast_arrays(*(np.asarray(part, np.float64) for part in (*first, *second)))
    hits, n, others, m = given
    for name, part, of in (("first", hits, n), ("second", others, m)):
        if not np.all((part >= 0) & (part <= of) & (of < 2**31) & (part % 1 == 0) & (of % 1 == 0)):
            raise InvalidParameter(name, "whole numbers, 0 <= hits <= n < 2^31", (part, of))
    # Of all rows, those of the first group are a draw without replacement if the groups do not differ.
    rows, all_hits = n + m, hits + others

    def more() -> np.ndarray:
        return np.clip(hypergeom.sf(hits - 1, rows, all_hits, n), 0, 1)

    def less() -> np.ndarray:
        return np.clip(hypergeom.cdf(hits, rows, all_hits, n), 0, 1)

    if side == "differs":
        return np.minimum(1, 2 * np.minimum(more(), less()))
    return more() if side == "more" else less()

"""Many statements at once: p values and confidences that hold for all of them, or for most."""

import numpy as np
from numpy.typing import ArrayLike

from mlflow_prod.errors import InvalidParameter


def holm(p: ArrayLike) -> np.ndarray:
    """Adjusted p values, shape of `p`: of all that are at most 0.05, any is wrong in at most 5% of cases.

    Whatever hangs together. `p` lies in [0, 1], else InvalidParameter; NaN, which is no test, stays NaN and
    counts for none. Never larger than Bonferroni's, which is p times the number of tests. Source: S. Holm,
    Scandinavian Journal of Statistics 6 (1979), 65-70.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    found, known = _checked(p)
    order = np.argsort(found[known])
    steps = np.maximum.accumulate(found[known][order] * np.arange(len(order), 0, -1)).clip(0, 1)
    found[known] = steps[np.argsort(order)]
    return found


def benjamini_hochberg(p: ArrayLike) -> np.ndarray:
    """Adjusted p values, shape of `p`: of all that are at most 0.05, at most 5% are expected to be wrong.

    Where tests are independent, or positively dependent as those of overlapping slices are. NaN and errors as
    in `holm`. Not where a single false one does harm: use `holm`. Source: Y. Benjamini and Y. Hochberg, JRSS
    B 57 (1995), 289-300.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    from scipy.stats import false_discovery_control

    found, known = _checked(p)
    if known.any():
        found[known] = false_discovery_control(found[known])
    return found


def chosen_confidence(chosen: int, statements: int, confidence: float = 0.95) -> float:
    """The confidence that intervals need of `chosen` of `statements`, which were picked for their values.

    On average as large a share of the chosen intervals then holds the truth as `confidence` says; ordinary
    ones hold it more seldom, since what was picked for being far out is so in part by chance. 1 <= chosen <=
    statements, else InvalidParameter. Source: Y. Benjamini and D. Yekutieli, JASA 100 (2005), 71-81.

    >>> round(chosen_confidence(20, 1_000), 4)
    0.999
    """
    if not 0 < confidence < 1:
        raise InvalidParameter("confidence", "strictly between 0 and 1", confidence)
    if not 1 <= chosen <= statements:
        raise InvalidParameter("chosen", f"between 1 and the {statements} statements", chosen)
    return 1 - (1 - confidence) * chosen / statements


def _checked(p: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    found = np.array(p, np.float64)
    known = ~np.isnan(found)
    if np.any((found[known] < 0) | (found[known] > 1)):
        raise InvalidParameter("p", "between 0 and 1", p)
    return found, known

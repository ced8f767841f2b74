"""How far two models' reasons agree."""

import numpy as np

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evidence import Measure
from mlflow_prod.explain.attribution import Attribution
from mlflow_prod.stats import mean


def agreement(one: Attribution, other: Attribution, *, top: int = 5) -> list[Measure]:
    """How far two models explain the same rows alike, as means over rows with their 95% intervals.

    `attribution_agreement`: cosine of the two rows of values, of all columns and classes: 1 for the same
    reasons, 0 for unrelated ones, -1 for opposite ones. A row that nothing moves in either model counts 1, in
    one of them 0. `attribution_rank_agreement`: of the `top` columns that move a row most, the share that
    hold the same rank in both.

    Explain both with the same background, permutations and seed, else sampling counts as disagreement. Ranks
    of columns that matter alike change places for little: read them beside the cosine. Near the ends of the
    range the normal interval of few rows is too short.

    Raises DataError where the two are not about the same rows and columns; InvalidParameter for `top` < 1.
    Source: S. Krishna et al., "The Disagreement Problem in Explainable Machine Learning", arXiv:2202.01602.
    """
    if top < 1:
        raise InvalidParameter("top", ">= 1", top)
    if (
        one.names != other.names
        or one.values.shape != other.values.shape
        or not np.array_equal(one.rows, other.rows, equal_nan=True)
    ):
        raise DataError(
            f"two explanations must be of the same rows and columns, got {one.values.shape} of "
            f"{', '.join(one.names[:5])} and {other.values.shape} of {', '.join(other.names[:5])}"
        )
    n, kept = len(one.rows), min(top, len(one.names))
    flat, beside = (found.values.reshape(n, -1).astype(np.float64) for found in (one, other))
    norms = np.linalg.norm(flat, axis=1), np.linalg.norm(beside, axis=1)
    product = norms[0] * norms[1]
    cosine = np.divide((flat * beside).sum(axis=1), product, out=np.zeros(n), where=product > 0)
    cosine[(norms[0] == 0) & (norms[1] == 0)] = 1.0
    first, second = (np.argsort(-found.size, axis=1, kind="stable")[:, :kept] for found in (one, other))
    return [
        _held("attribution_agreement", cosine.clip(-1, 1), -1.0),
        _held("attribution_rank_agreement", (first == second).mean(axis=1), 0.0),
    ]


def _held(name: str, values: np.ndarray, least: float) -> Measure:
    """The mean of values from `least` to 1, whose interval does not leave that range."""
    centre, low, high = mean(values)
    known = bool(np.isfinite(high))
    return Measure(
        name, centre, max(least, low) if known else None, min(1.0, high) if known else None, len(values)
    )

"""Tests of a slice against the rest of the rows, with p values that are right far out, too."""

from typing import Literal

import numpy as np

from mlflow_prod.evaluate.figures import Figure
from mlflow_prod.profile import Slices
from mlflow_prod.stats import fisher, quantile_of

Side = Literal["differs", "more", "less"]


def rest(all_rows: Slices, slices: Slices) -> Slices:
    """All rows, which are the first of `all_rows`, less those of each slice."""
    rows = all_rows.rows[:1] - slices.rows
    # Float sums leave a trace of what was taken away.
    mass, squares = (
        np.where(rows > 0, whole[:1] - part, 0.0)
        for whole, part in ((all_rows.mass, slices.mass), (all_rows.squares, slices.squares))
    )
    left = rows.reshape(len(rows), -1).any(axis=1)[:, None, None]
    sums = np.where(left, all_rows.sums[:1] - slices.sums, 0.0)
    return Slices(slices.cuts, rows, mass, squares, sums)


def of_shares(one: Figure, other: Figure, side: Side = "differs") -> np.ndarray:
    """p values (s,) of shares of separate rows, by Fisher's exact test; NaN where one has no rows.

    Of weighted rows it counts Kish's effective number, in whole rows.
    """
    known = ~(np.isnan(one.value) | np.isnan(other.value))
    n, m = (np.floor(np.where(known, part.n, 0) + 1e-6) for part in (one, other))
    hits, others = (np.rint(np.where(known, part.value, 0) * of) for part, of in ((one, n), (other, m)))
    return np.where(known, fisher((hits, n), (others, m), side), np.nan)


def of_means(one: Figure, other: Figure, spread: float, side: Side = "differs") -> np.ndarray:
    """p values (s,) of means of separate rows, by their normal intervals; NaN where one has none.

    `spread`: standard deviation of a row among all rows. The first mean's error counts as no less than that
    of as many of these: else few rows, which happen to be alike, would raise alarms (skewed losses).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.maximum(_error(one), spread / np.sqrt(one.n))
        gap, error = one.value - other.value, np.hypot(error, _error(other))
        # Of equal values everywhere nothing differs.
        z = np.where(gap == 0, 0 * error, gap / error)
    return _normal(z, side)


def of_areas(
    one: Figure, other: Figure, classes: tuple[np.ndarray, np.ndarray], side: Side = "differs"
) -> np.ndarray:
    """p values (s,) of AUCs of separate rows, by DeLong's intervals; NaN where one has no area.

    `classes`: (effective) positive and negative rows of the first. Its error counts as no less than Hanley
    and McNeil's of as many rows with the other's area, and the less certain of the plain and the logit scale
    is taken: of few rows areas near 1 are skewed. Source: J. Hanley and B. McNeil, Radiology 143 (1982),
    29-36.
    """
    p, n = classes
    area = other.value.clip(1e-6, 1 - 1e-6)
    variance = area * (1 - area) + (p - 1) * (area / (2 - area) - area**2)
    variance += (n - 1) * (2 * area**2 / (1 + area) - area**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.sqrt(variance / (p * n))
        own, others = (_logit_error(part) for part in (one, other))
        plain = np.fmax(own * one.value * (1 - one.value), expected)
        z = (one.value - area) / np.hypot(plain, others * area * (1 - area))
        inside = one.value.clip(1e-6, 1 - 1e-6)
        logits = (_logit(inside) - _logit(area)) / np.hypot(
            np.fmax(own, expected / (area * (1 - area))), others
        )
    known = ~np.isnan(one.value)
    nearer = np.where(np.abs(z) < np.abs(logits), z, logits)
    return _normal(np.where(known, nearer, np.nan), side)


def _error(figure: Figure) -> np.ndarray:
    return (figure.high - figure.value) / quantile_of(0.95)


def _logit_error(figure: Figure) -> np.ndarray:
    inside = (figure.low > 0) & (figure.high < 1)
    low, high = (np.where(inside, end, np.nan) for end in (figure.low, figure.high))
    return (_logit(high) - _logit(low)) / 2 / quantile_of(0.95)


def _logit(value: np.ndarray) -> np.ndarray:
    return np.log(value / (1 - value))


def _normal(z: np.ndarray, side: Side) -> np.ndarray:
    from scipy.special import ndtr

    if side == "differs":
        return np.asarray(2 * ndtr(-np.abs(z)))
    return np.asarray(ndtr(-z if side == "more" else z))

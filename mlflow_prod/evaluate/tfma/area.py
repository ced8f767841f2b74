"""Areas under curves, as TensorFlow Model Analysis sums them up at thresholds."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from mlflow_prod.evaluate import binary
from mlflow_prod.evaluate.binary import NEGATIVE, POSITIVE
from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.evaluate.tfma.counts import Counted, above

# It counts scores in so many bins of equal width first, and takes every curve from these.
THEIR_BINS = 10_000
NEAR = 1e-7
CURVES = ("ROC", "PR")
SUMMATIONS = ("interpolation", "minoring", "majoring")


def area_edges(bins: int | None, thresholds: Sequence[float]) -> tuple[float, ...]:
    """The edges of scores at which counts must be exact for an area as theirs; ascending.

    bins : thresholds of equal distance, 2 or more, None: 10,000. thresholds : these instead, in any number.
    """
    return tuple(edge for edge in _edges(bins, thresholds) if edge is not None)


def area(
    counted: Counted, curve: str, summation: str, bins: int | None, thresholds: Sequence[float]
) -> tuple[Figure, np.ndarray]:
    """(area under a curve of each slice, how far that of all scores may lie from it (s,); NaN: unknown).

    Parameters
    ----------
    curve : `ROC` (also ""), or `PR`, between whose points true and false positives are interpolated, not
        precision (J. Davis and M. Goadrich, ICML 2006).
    summation : `interpolation` (also ""), `minoring` or `majoring`: the mean, least or greatest height.
    bins, thresholds : as of `area_edges`. Where scores were not counted at these edges, at those they were.
        A curve that `thresholds` do not take from end to end has a smaller area.

    NaN where a class is missing. The area under `ROC` that is asked for without any of these has DeLong's
    interval.
    """
    curve, summation = curve or "ROC", summation or "interpolation"
    ups, downs = _chosen(counted, _edges(bins, thresholds))
    mass, whole = counted.slices.mass.sum(-1), Whole.of(counted.slices)
    positives, negatives = mass[:, [POSITIVE]], mass[:, [NEGATIVE]]
    interpolated = summation == "interpolation"
    if curve == "PR":
        points = (_share(ups, positives), _share(ups, ups + downs))
        value = _davis_goadrich(ups, downs, positives) if interpolated else _under(*points, summation)
        bound = np.maximum(*(np.abs(end - value) for end in _ends(ups, downs, positives)))
    else:
        points = (_share(downs, negatives), _share(ups, positives))
        value = _under(*points, summation)
        bound = (np.diff(points[0]) * np.diff(points[1])).sum(axis=1) / 2
    # There they have 0, which is no area of any curve.
    known = positives[:, 0] > 0 if curve == "PR" else (mass > 0).all(axis=1)
    value = np.where(known, value, np.nan)
    bound = np.where(known & interpolated & (not thresholds), bound, np.nan)
    unknown = np.full(len(value), np.nan)
    plain = curve == "ROC" and interpolated and bins is None and not thresholds
    ends = binary.auc(counted.slices)[0] if plain else Figure(value, unknown, unknown, whole.rows, whole.n)
    return ends._replace(value=value), bound


def _edges(bins: int | None, thresholds: Sequence[float]) -> tuple[float | None, ...]:
    """From which up scores are chosen, threshold by threshold; None: none is."""
    if thresholds:
        return tuple(above(threshold) for threshold in thresholds)
    return _even(THEIR_BINS if bins is None else bins)


@cache
def _even(bins: int) -> tuple[float | None, ...]:
    inner = ((at + 1) / (bins - 1) for at in range(bins - 2))
    # Whole bins are chosen, from the first that starts at the threshold or beyond.
    return (0.0, *(_start(math.ceil((threshold + NEAR) * THEIR_BINS)) for threshold in inner), None)


def _start(number: int) -> float:
    """The least score that falls into a bin, as they round: into the next one by a hair too early or late."""
    score = number / THEIR_BINS
    while score * THEIR_BINS + 1 >= number + 1:
        score = math.nextafter(score, 0)
    while score * THEIR_BINS + 1 < number + 1:
        score = math.nextafter(score, 1)
    return score


def _chosen(counted: Counted, edges: Sequence[float | None]) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the positive and of the negative rows that are chosen, (s, thresholds) each."""
    scale, mass = counted.scale, counted.slices.mass
    asked = [edge for edge in edges if edge]
    exact = bool(np.isin(asked, scale.edges).all())
    firsts = [counted.scale.bins if edge is None else scale.first(edge) for edge in edges]
    at = np.array(firsts if exact else range(scale.bins + 1))
    summed = (np.cumsum(mass[:, of, ::-1], -1)[:, ::-1] for of in (POSITIVE, NEGATIVE))
    ups, downs = (np.pad(counts, ((0, 0), (0, 1)))[:, at] for counts in summed)
    return ups, downs


def _under(along: np.ndarray, height: np.ndarray, summation: str) -> np.ndarray:
    before, after = height[:, :-1], height[:, 1:]
    heights = {
        "interpolation": (before + after) / 2,
        "minoring": np.minimum(before, after),
        "majoring": np.maximum(before, after),
    }
    found: np.ndarray = (-np.diff(along) * heights[summation]).sum(axis=1)
    return found


def _davis_goadrich(ups: np.ndarray, downs: np.ndarray, positives: np.ndarray) -> np.ndarray:
    chosen = ups + downs
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.diff(ups) / np.diff(chosen)
        rest = ups[:, 1:] - slope * chosen[:, 1:]
        ratio = np.where(chosen[:, 1:] > 0, chosen[:, :-1] / chosen[:, 1:], 1)
        parts = slope * (rest * np.log(ratio) - np.diff(ups)) / positives
    found: np.ndarray = np.nansum(parts, axis=1)
    return found


def _ends(ups: np.ndarray, downs: np.ndarray, positives: np.ndarray) -> list[np.ndarray]:
    """Between which the area of precision lies, however the rows between two thresholds are ordered."""
    gained = _share(-np.diff(ups), positives)
    least = _share(ups[:, 1:], ups[:, 1:] + downs[:, :-1])
    most = _share(ups[:, :-1], ups[:, :-1] + downs[:, 1:])
    return [(gained * ends).sum(axis=1) for ends in (least, most)]


def _share(hits: np.ndarray, of: np.ndarray) -> np.ndarray:
    of = np.broadcast_to(of, hits.shape)
    return np.divide(hits, of, out=np.zeros_like(hits), where=of > 0)

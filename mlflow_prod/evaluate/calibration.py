"""How far predicted probabilities lie from what came to pass."""

import numpy as np

from mlflow_prod.evaluate.figures import Figure, Whole
from mlflow_prod.profile import Scale
from mlflow_prod.stats import quantile_of

# Each halves the distance: as near as a float32 tells.
HALVINGS = 24


def calibration_error(
    mass: np.ndarray, scores: np.ndarray, scale: Scale, whole: Whole
) -> tuple[Figure, np.ndarray]:
    """(expected calibration error, how far that of the rows may lie from it (s,)), both shares of 1.

    The mean over tenths of the score, by rows, of the distance between the mean score and the share of
    positive rows. What chance leaves in each tenth adds up: a perfectly calibrated model has an error of some
    2.5 / sqrt(n). The interval knows this and reaches to 0.

    Parameters
    ----------
    mass : (s, 2, bins) rows, or their weight, of no and of yes, by bin of `scale`.
    scores : (s, tenths), what the scores in each tenth sum up to, weighted; NaN where that is not known: then
        each bin's middle stands for its scores, and the bound is not 0.

    The interval holds the errors whose estimate would be likely to come out as it did: each tenth's gap is
    taken as normal, and so a distance as folded normal, whose means and variances add. Simulated, it holds
    the truth in 94 to 99 of 100 samples of 50 rows or more, in 92 where one tenth alone is off. Weighted
    rows count as Kish's effective number.

    Not a measure of use: a model that tells everybody the mean is calibrated. Source of the figure: C. Guo et
    al., ICML (2017), 1321-1330; of its bias: A. Kumar et al., NeurIPS (2019), 3792-3803.
    """
    least, most = scale.ends
    of_tenth = np.eye(scores.shape[1])[scale.tenths]
    both = mass.sum(axis=1)
    known = ~np.isnan(scores)
    with np.errstate(divide="ignore", invalid="ignore"):
        said = np.where(known, scores, both @ (of_tenth * ((least + most) / 2)[:, None]))
        weight = whole.weight[:, None]
        share, positive = both @ of_tenth / weight, mass[:, 1] @ of_tenth / weight
        gaps = positive - said / weight
        value = np.abs(gaps).sum(axis=1)
        bound = np.where(known.all(axis=1), 0, both @ ((most - least) / 2) / whole.weight)
    low, high = _ends(gaps, _spread(gaps, share, positive, whole.n[:, None]), whole.n)
    missing = np.isnan(value)
    low, high = (np.where(missing, np.nan, end) for end in (low, high))
    return Figure(value, low, high, whole.rows, whole.n), np.where(missing, np.nan, bound)


def _spread(gaps: np.ndarray, share: np.ndarray, positive: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Standard error of each tenth's gap: of its positive rows, after Agresti and Coull, and of its rows."""
    z2 = quantile_of(0.95) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        # Some more rows of both kinds, so that a few that are all alike are not taken for certain.
        likely = (positive * n + z2 / 2) / (share * n + z2)
        apart = np.divide(gaps, share, out=np.zeros_like(gaps), where=share > 0)
        found: np.ndarray = np.sqrt(
            share**2 * likely * (1 - likely) / (share * n + z2) + apart**2 * share * (1 - share) / n
        )
    return found


def _ends(gaps: np.ndarray, spread: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of the sum of distances: true gaps are stretched until the sum found is barely likely."""
    gaps, spread, n = np.nan_to_num(gaps), np.nan_to_num(spread), np.where(n > 0, n, 1)
    value = np.abs(gaps).sum(axis=1)
    # Of what is taken for true: downwards the gaps that chance does not explain, upwards all and some more.
    clear = np.sqrt((gaps**2 - 2 * spread**2).clip(0))
    clear = np.where(clear.any(axis=1, keepdims=True), clear, np.abs(gaps))
    low = _barely_likely(clear, spread, n, value, 1)
    # Less than chance alone leaves, as of few rows that are all right, is no proof of less.
    found = np.maximum(value, _folded(np.zeros_like(spread), spread)[0].sum(axis=1))
    high = _barely_likely(np.hypot(gaps, spread), spread, n, found, -1)
    return np.minimum(low, value), np.maximum(high, value).clip(0, 1)


def _barely_likely(
    form: np.ndarray, spread: np.ndarray, n: np.ndarray, value: np.ndarray, side: int
) -> np.ndarray:
    z = quantile_of(0.95)
    whole = form.sum(axis=1)
    below = np.zeros(len(form))
    above = (value + z * np.sqrt(np.square(spread).sum(axis=1))) / np.where(whole > 0, whole, 1)
    for _ in range(HALVINGS):
        stretch = (below + above) / 2
        mean, variance = _folded(stretch[:, None] * form, spread)
        # A row is in one tenth alone: what one has more of, another has less.
        together = stretch**2 * (whole**2 - np.square(form).sum(axis=1)) / n
        deviation = np.sqrt((variance.sum(axis=1) - together).clip(0))
        over = mean.sum(axis=1) + side * z * deviation > value
        above, below = np.where(over, stretch, above), np.where(over, below, stretch)
    return below * whole if side > 0 else above * whole


def _folded(mean: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) of the distance from 0 of what is normal."""
    from scipy.special import erf

    ratio = np.divide(mean, spread, out=np.zeros_like(mean), where=spread > 0)
    bent = spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + mean * erf(ratio / np.sqrt(2))
    found = np.where(spread > 0, bent, np.abs(mean))
    return found, (mean**2 + spread**2 - found**2).clip(0)

"""Figures of numbers that are predicted, from sums of powers of the error and the target."""

import numpy as np

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate.counting import POWERS
from mlflow_prod.evaluate.figures import Figure, Whole, around, at_least_zero, average
from mlflow_prod.profile import Slices


def figures(slices: Slices) -> dict[str, Figure]:
    """`r2` (delta method), `mae`, `mape`, `mean_error` (normal), `rmse` (root of the squares' interval).

    `r2` is NaN where the target does not vary. `mape`, the mean of |error / target|, is a share of 1, and NaN
    where the target of any row is 0. Not for targets near 0, where it is all that counts.
    """
    whole = Whole.of(slices)
    sums = {name: slices.sums[:, at].T for at, name in enumerate(POWERS)}
    error = average(whole, *sums["e"])
    absolute = at_least_zero(average(whole, *sums["|e|"]))
    squared = at_least_zero(average(whole, *sums["e2"]))
    root = squared._replace(
        value=np.sqrt(squared.value), low=np.sqrt(squared.low), high=np.sqrt(squared.high)
    )
    relative = at_least_zero(average(whole, *sums["|e/y|"]))
    possible = (sums["0"][0] == 0) & np.isfinite(relative.value)
    value, low, high = (np.where(possible, end, np.nan) for end in relative[:3])
    relative = relative._replace(value=value, low=low, high=high)
    return {"r2": _r2(whole, sums), "mae": absolute, "rmse": root, "mape": relative, "mean_error": error}


def quantile_loss(slices: Slices, quantile: float) -> Figure:
    """Mean pinball loss of predictions of a quantile in (0, 1) of the target; normal interval.

    A target above the prediction costs `quantile` of the distance, one below the rest of it. Source:
    R. Koenker and G. Bassett, Econometrica 46 (1978), 33-50. Raises InvalidParameter.
    """
    if not 0 < quantile < 1:
        raise InvalidParameter("quantile", "strictly between 0 and 1", quantile)
    # Of w v and of w^2 v.
    error, absolute, squared, signed = (
        slices.sums[:, POWERS.index(name), :2].T for name in ("e", "|e|", "e2", "e|e|")
    )
    # The loss is |e| / 2 + (1/2 - quantile) e: no quantile needs a sum of its own.
    aside = 0.5 - quantile
    once, twice = absolute / 2 + aside * error
    of_squares = (1 / 4 + aside**2) * squared[1] + aside * signed[1]
    return at_least_zero(average(Whole.of(slices), once, twice, of_squares))


def _r2(whole: Whole, sums: dict[str, np.ndarray]) -> Figure:
    # Of w v, of w^2 v, and of w^2 v^2.
    once, twice, squared = ({name: three[at] for name, three in sums.items()} for at in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        # From powers of the distance to the centre to those of the distance to the slice's own mean.
        shift = once["d"] / whole.weight
        varied = once["d2"] / whole.weight - shift**2
        # What rounding leaves of equal numbers is no spread.
        varied = np.where(varied > 1e-12 * (once["d2"] / whole.weight), varied, np.nan)
        ratio = once["e2"] / whole.weight / varied
        e2d2 = twice["e2d2"] - 2 * shift * twice["e2d"] + shift**2 * twice["e2"]
        d4 = squared["d2"] - 4 * shift * twice["d3"] + 6 * shift**2 * twice["d2"]
        d4 += -4 * shift**3 * twice["d"] + shift**4 * whole.squares
        # The influence of a row is (e^2 - ratio d^2) / varied.
        spread = (squared["e2"] - 2 * ratio * e2d2 + ratio**2 * d4).clip(0) / varied**2
    found = around(1 - ratio, spread, whole)
    # Two rows lie on one line with their mean, which leaves no spread to be seen.
    seen = whole.n > 2 + 1e-9
    low, high = (np.where(seen, end, np.nan) for end in (found.low, np.minimum(found.high, 1)))
    return found._replace(low=low, high=high)

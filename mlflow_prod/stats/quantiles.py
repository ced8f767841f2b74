"""Quantiles with their uncertainty."""

import numpy as np

from mlflow_prod.errors import InvalidParameter


def quantile(
    values: np.ndarray, share: float, confidence: float = 0.95
) -> tuple[float, float | None, float | None]:
    """(quantile, low, high) of `values`, shape (n,), n >= 1: the exact interval of the order statistics.

    The quantile is the least value that has `share` of the values at or below it. The ends are values, too:
    they hold the truth at least as often as `confidence` says, for any distribution, since how many values
    lie below the truth is binomial. None where so few values cannot tell: the 95th of 100 parts needs 72 for
    its upper end. Not for values that hang together, such as times of a machine that slows down: the interval
    is then too short.

    `share` and `confidence` lie strictly between 0 and 1, else InvalidParameter. Source: W. Conover,
    Practical Nonparametric Statistics, 3rd ed. (1999), 3.2.

    >>> quantile(np.arange(100.0), 0.5)
    (49.0, 39.0, 60.0)
    """
    from scipy.stats import binom

    for name, number in {"share": share, "confidence": confidence}.items():
        if not 0 < number < 1:
            raise InvalidParameter(name, "strictly between 0 and 1", number)
    n = len(values)
    if n == 0 or not np.isfinite(values).all():
        raise InvalidParameter("values", "finite, at least one", values)
    ordered, tail = np.sort(values), (1 - confidence) / 2
    least, most = (int(binom.ppf(of, n, share)) for of in (tail, 1 - tail))
    return (
        float(np.quantile(ordered, share, method="inverted_cdf")),
        float(ordered[least - 1]) if least > 0 else None,
        float(ordered[most]) if most < n else None,
    )

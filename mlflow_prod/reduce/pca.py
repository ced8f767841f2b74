"""Principal component analysis."""

import numpy as np

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.reduce.reduction import Reduction


def pca(encoded: np.ndarray, components: int | float, seed: int = 0) -> Reduction:
    """The directions of widest spread, by scikit-learn's PCA.

    The directions are those of the encoder's units, so scale the columns first (the table encoder
    does). Blind to the target: a direction of little spread may be the one that matters. Not for images,
    whose neighbourhoods a projection would lose: train a small convolutional network on them.

    Parameters
    ----------
    encoded : float32, shape (n, d), finite, n >= 2.
    components : how many to keep, a whole number from 1 to min(n, d); or the share of the variance to
        keep, between 0 and 1 (1 itself is one component).
    seed : of the randomized solver, which scikit-learn takes for large matrices, >= 0.

    Raises
    ------
    DataError : rows that are not a table of at least two finite rows.
    InvalidParameter : a parameter breaks its rule.

    Source: H. Hotelling, "Analysis of a complex of statistical variables into principal components",
    Journal of Educational Psychology 24 (1933), 417-441.

    >>> pca(np.array([[0, 0], [1, 1], [2, 2.1]]), 1).share > 0.99
    True
    """
    from sklearn.decomposition import PCA

    if encoded.ndim != 2:
        raise DataError(
            f"reduce takes tables, shape (rows, columns), got {encoded.shape}: images are not reduced"
        )
    if len(encoded) < 2:
        raise DataError(f"reduce needs at least 2 rows, got {len(encoded)}")
    if not np.isfinite(encoded).all():
        raise DataError("the encoded rows hold missing or infinite values")
    if np.ptp(encoded, axis=0).max(initial=0.0) == 0:
        raise DataError("the encoded rows are all equal: there is nothing to reduce")
    if seed < 0:
        raise InvalidParameter("seed", ">= 0", seed)
    most = min(encoded.shape)
    whole = components >= 1 and float(components).is_integer()
    if not (0 < components < 1 or (whole and components <= most)):
        raise InvalidParameter(
            "components", f"a whole number from 1 to {most}, or a share below 1", components
        )
    learnt = PCA(int(components) if whole else float(components), random_state=seed)
    learnt.fit(encoded.astype(np.float64))
    return Reduction(learnt.mean_, learnt.components_, learnt.explained_variance_ratio_)

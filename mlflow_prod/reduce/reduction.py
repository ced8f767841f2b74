"""What a linear reduction has learnt, as plain arrays."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reduction:
    """A projection (row - mean) @ components.T, for the model's encoder (`with_projection`).

    Parameters
    ----------
    mean : float64, shape (d,).
    components : float64, shape (k, d), rows of length 1 at right angles, the widest spread first.
    explained_variance_ratio : float64, shape (k,), share of the variance that each component keeps.
    """

    mean: np.ndarray
    components: np.ndarray
    explained_variance_ratio: np.ndarray

    @property
    def share(self) -> float:
        """Share of the variance that is kept, 0 to 1."""
        return float(self.explained_variance_ratio.sum())

    def transform(self, encoded: np.ndarray) -> np.ndarray:
        """Encoded rows, shape (n, d), reduced: float32, shape (n, k)."""
        return ((encoded - self.mean) @ self.components.T).astype(np.float32)

    def reconstruction_error(self, encoded: np.ndarray) -> float:
        """Root mean square, in encoded units, of what rows of shape (n, d) lose by going there and back."""
        centred = encoded - self.mean
        lost = centred - centred @ self.components.T @ self.components
        return float(np.sqrt(np.mean(lost**2)))

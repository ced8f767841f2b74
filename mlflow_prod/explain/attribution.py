"""What each column added to each answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlflow_prod.evidence import Measure
from mlflow_prod.stats import mean

# Tables may be wide; evidence carries the columns that matter.
MOST = 20


@dataclass(frozen=True)
class Attribution:
    """Shapley values: base + the values of a row add up to the model's score of it.

    Parameters
    ----------
    values : (n, columns), or (n, columns, classes) where the model has several answers; in the score's unit.
    base : mean score of the background, shape () or (classes,).
    scores : the model's, (n,) or (n, classes).
    rows : (n, columns), the raw values explained; for images the mean of each tile.
    names : of the columns; for images `row 3 column 5` of the tiles, from `row 0 column 0` top left.
    tiles : (rows, columns) of the tiles an image was cut into, which are in reading order; None for tables.
    """

    values: np.ndarray
    base: np.ndarray
    scores: np.ndarray
    rows: np.ndarray
    names: tuple[str, ...]
    tiles: tuple[int, int] | None = None

    @property
    def additivity_error(self) -> float:
        """Largest |base + sum of values - score|: by how much the explanation misses what it explains."""
        return float(np.abs(self.values.sum(axis=1) + self.base - self.scores).max())

    @property
    def size(self) -> np.ndarray:
        """|value| of each row and column, (n, columns), the mean over classes where there are several."""
        size = np.abs(self.values)
        return size if size.ndim == 2 else size.mean(axis=2)

    def importance(self) -> dict[str, float]:
        """Mean |value| by column, over rows and classes, largest first."""
        means = self.size.mean(axis=0)
        return {self.names[at]: float(means[at]) for at in np.argsort(-means, kind="stable")}

    def measures(self) -> list[Measure]:
        """`importance/<column>` of the 20 most important (95% interval over rows); `additivity_error`."""
        n, by_name = len(self.rows), dict(zip(self.names, self.size.T, strict=True))
        found = []
        for name in list(self.importance())[:MOST]:
            value, low, high = mean(by_name[name])
            known = bool(np.isfinite(high))
            found.append(
                Measure(
                    f"importance/{name}", value, max(0.0, low) if known else None, high if known else None, n
                )
            )
        return [*found, Measure("additivity_error", self.additivity_error, n=n)]

    def to_shap(self) -> Any:
        """The same as a `shap.Explanation`, which shap's own plots take."""
        import shap

        base = np.broadcast_to(self.base, self.scores.shape)
        return shap.Explanation(self.values, base, self.rows, feature_names=list(self.names))

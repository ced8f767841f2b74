"""Images to [0, 1]."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlflow_prod.errors import DataError


@dataclass(frozen=True)
class ImageEncoder:
    """Scales pixels linearly so that `low` becomes 0 and `high` becomes 1.

    Parameters
    ----------
    shape : (height, width, channels) of one image.
    low, high : range of the pixels, low < high.
    """

    shape: tuple[int, ...]
    low: float = 0.0
    high: float = 255.0

    @classmethod
    def fit(cls, images: np.ndarray) -> "ImageEncoder":
        """Images, shape (n, h, w, c). uint8 spans 0 to 255; floats their own range, from 0 unless below."""
        if images.dtype == np.uint8:
            return cls(images.shape[1:])
        high, low = float(images.max()), min(0.0, float(images.min()))
        return cls(images.shape[1:], low, high if high > low else low + 1.0)

    @property
    def names(self) -> tuple[str, ...]:
        """Empty: pixels have no names."""
        return ()

    def read(self, features: Any) -> np.ndarray:
        """Pixels as they are, float32 (n, h, w, c); (n, h, w) is taken where there is one channel.

        Raises DataError on another shape and on values that are not finite.
        """
        try:
            images = np.asarray(features, np.float32)
        except (TypeError, ValueError) as problem:
            raise DataError(f"images must be one array of numbers: {problem}") from problem
        if self.shape[-1] == 1 and images.shape[1:] == self.shape[:-1]:
            images = images[..., None]
        if images.shape[1:] != self.shape:
            raise DataError(
                f"images must have shape (n, {', '.join(map(str, self.shape))}), got {images.shape}"
            )
        if not np.isfinite(images).all():
            raise DataError("images must hold finite numbers only; found NaN or infinite pixels")
        return images

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """float32 (n, h, w, c)."""
        return (np.asarray(matrix, np.float32) - np.float32(self.low)) / np.float32(self.high - self.low)

    def encode(self, features: Any) -> np.ndarray:
        """`transform(read(features))`."""
        return self.transform(self.read(features))

    def to_dict(self) -> dict[str, Any]:
        """The encoder as JSON values."""
        return {"kind": "image", "shape": list(self.shape), "low": self.low, "high": self.high}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ImageEncoder":
        """The inverse of `to_dict`."""
        return cls(tuple(values["shape"]), values["low"], values["high"])

"""Images as a few numbers each."""

import numpy as np

from mlflow_prod.errors import DataError

# Images a pass: bounds the memory of their float64 copies.
BATCH = 1024


def summaries(images: np.ndarray) -> dict[str, np.ndarray]:
    """Three numbers (n,) float64 of each image, in the pixels' unit.

    `brightness` (mean), `contrast` (standard deviation) and `detail` (mean difference of neighbours) of
    images (n, height, width, channels). Raises DataError for another shape.
    """
    if images.ndim != 4:
        raise DataError(f"images must have shape (n, height, width, channels), got {images.shape}")
    parts = []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].astype(np.float64)
        steps = [np.abs(np.diff(batch, axis=axis)).reshape(len(batch), -1).sum(axis=1) for axis in (1, 2)]
        pairs = sum(
            np.prod(batch.shape[1:]) // batch.shape[axis] * (batch.shape[axis] - 1) for axis in (1, 2)
        )
        pixels = batch.reshape(len(batch), -1)
        parts.append(np.stack([pixels.mean(axis=1), pixels.std(axis=1), sum(steps) / max(1, pairs)], axis=1))
    found = np.concatenate(parts or [np.empty((0, 3))])
    return dict(zip(("brightness", "contrast", "detail"), found.T, strict=True))

"""Several teachers as one."""

from collections.abc import Mapping

import numpy as np

from mlflow_prod.errors import DataError


def ensemble(scores: Mapping[str, np.ndarray]) -> np.ndarray:
    """The mean of teachers' scores of the same rows, by name: of probabilities, or of numbers.

    Of one teacher its scores as they are, memory-mapped where they were. DataError where shapes differ (other
    rows, other classes), naming the teachers.

    >>> ensemble({"a": np.array([0.2, 0.9]), "b": np.array([0.4, 0.7])}).round(3).tolist()
    [0.3, 0.8]
    """
    if not scores:
        raise DataError("there is no teacher: name at least one")
    arrays = [*scores.values()]
    if len({array.shape for array in arrays}) > 1:
        told = ", ".join(f"{name} {array.shape}" for name, array in scores.items())
        raise DataError(f"teachers must score the same rows and classes, got scores of the shapes {told}")
    return arrays[0] if len(arrays) == 1 else np.asarray(np.mean(arrays, axis=0, dtype=np.float64))

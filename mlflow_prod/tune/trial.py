"""One trial of a search, and the best of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow_prod.errors import ModelError

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Trial:
    """A set of hyperparameters and what came of it.

    Parameters
    ----------
    number : from 0, in the order of the search.
    values : hyperparameter by name: bool, int, float or str.
    score : what the objective returned; None where the trial failed.
    error : why the trial failed, with the kind of error; "" where it did not.
    started : when, in seconds since 1970.
    seconds : how long building and scoring took.
    network : as the objective left it; in the result of a search only the best trial keeps it.
    """

    number: int
    values: dict[str, Any]
    score: float | None
    error: str
    started: float
    seconds: float
    network: "keras.Model | None" = None


def best(trials: Sequence[Trial], maximise: bool) -> Trial:
    """The trial of highest (or lowest) score, the first of equals; ModelError where none has a score."""
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        errors = "; ".join(dict.fromkeys(trial.error for trial in trials)) or "there was none"
        raise ModelError(f"none of {len(trials)} trials gave a score: {errors}")
    sign = -1 if maximise else 1
    return min(scored, key=lambda trial: sign * (trial.score or 0.0))

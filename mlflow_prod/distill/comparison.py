"""Did the teacher help? The same student taught and alone, from the same seeds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import LOWER_IS_BETTER, Measure
from mlflow_prod.stats import paired_mean

# Of fewer seeds the interval is so wide that it says nothing; each takes two trainings.
LEAST, MOST = 5, 1000


@dataclass(frozen=True)
class Comparison:
    """One figure of a student trained alone and taught, by seed, on the same rows.

    The paired interval tells by how much a training differs from the next, on these rows; of other rows the
    interval of the figure itself speaks.

    Parameters
    ----------
    figure : name of the measure, such as `accuracy`.
    teacher : the teacher's own, on the same rows.
    seeds : at least 5; `alone` and `distilled`: the figure from each.

    Raises
    ------
    InvalidParameter : fewer seeds, or figures that are not finite, or as many.
    """

    figure: str
    teacher: float
    seeds: tuple[int, ...]
    alone: tuple[float, ...]
    distilled: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.seeds) < LEAST:
            raise InvalidParameter("seeds", f"at least {LEAST} for a comparison", len(self.seeds))
        for name in ("alone", "distilled"):
            if len(getattr(self, name)) != len(self.seeds) or not np.isfinite(getattr(self, name)).all():
                raise InvalidParameter(name, "one finite figure for each seed", getattr(self, name))

    @property
    def gain(self) -> Measure:
        """How much better the taught student is, its mean over seeds with a paired 95% t interval.

        Above 0 is better, of figures of which lower ones are better, too.
        """
        taught, alone = np.array(self.distilled), np.array(self.alone)
        pair = (alone, taught) if self.figure in LOWER_IS_BETTER else (taught, alone)
        return Measure(f"gain/{self.figure}", *paired_mean(*pair), n=len(self.seeds))

    @property
    def helps(self) -> bool:
        """Whether the whole interval of the gain is above 0."""
        return self.gain.low is not None and self.gain.low > 0

    @property
    def measures(self) -> list[Measure]:
        """The gain, and the figure of the student taught, of the student alone, and of the teacher."""
        of = {"distilled": self.distilled, "alone": self.alone}
        means = [
            Measure(f"{self.figure}/{name}", *paired_mean(values, np.zeros(len(values))), n=len(values))
            for name, values in of.items()
        ]
        return [self.gain, *means, Measure(f"{self.figure}/teacher", self.teacher)]

    @property
    def table(self) -> pd.DataFrame:
        """A row for each seed: seed, teacher, alone, distilled."""
        return pd.DataFrame(
            {"seed": self.seeds, "teacher": self.teacher, "alone": self.alone, "distilled": self.distilled}
        )

    def __str__(self) -> str:
        _, taught, alone, teacher = self.measures
        gain = self.gain
        if self.helps:
            verdict = "the distilled student beats itself trained alone"
        elif gain.high is not None and gain.high < 0:
            verdict = "the distilled student is worse than itself trained alone"
        else:
            verdict = "the distilled student does not beat itself trained alone"
        return (
            f"{verdict}: {self.figure} {taught.value:.4g} against {alone.value:.4g}, gain {gain.figure} over "
            f"{len(self.seeds)} seeds; teacher {teacher.value:.4g}"
        )


def seeds_from(first: int, count: int) -> tuple[int, ...]:
    """`count` seeds from `first` on: 1, without a comparison, or from 5 to 1000, else InvalidParameter."""
    if count != 1 and not LEAST <= count <= MOST:
        raise InvalidParameter("seeds", f"1, which compares nothing, or from {LEAST} to {MOST}", count)
    return tuple(range(first, first + count))

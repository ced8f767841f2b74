"""How a student is taught: temperatures and weights of the teacher, one or several to choose from."""

from dataclasses import dataclass
from itertools import product

from mlflow_prod.data import Task
from mlflow_prod.distill.loss import COLDEST, HOTTEST
from mlflow_prod.errors import InvalidParameter

# Each is a training.
MOST = 64
LIKE = {"temperature": "2,4,8", "alpha": "0.5,0.9"}


@dataclass(frozen=True)
class Setting:
    """One choice: `temperature` from 0.01 to 100, `alpha` from 0 to 1; else InvalidParameter."""

    temperature: float
    alpha: float

    def __post_init__(self) -> None:
        if not COLDEST <= self.temperature <= HOTTEST:
            raise InvalidParameter("temperature", f"from {COLDEST} to {HOTTEST}", self.temperature)
        if not 0 <= self.alpha <= 1:
            raise InvalidParameter("alpha", "0 <= alpha <= 1", self.alpha)

    def __str__(self) -> str:
        return f"temperature {self.temperature:g}, alpha {self.alpha:g}"


def grid(temperature: str, alpha: str) -> tuple[Setting, ...]:
    """Every temperature with every alpha, of numbers with commas between; at most 64 in all.

    Raises InvalidParameter.

    >>> [str(setting) for setting in grid("2,4", "0.5")]
    ['temperature 2, alpha 0.5', 'temperature 4, alpha 0.5']
    """
    settings = tuple(
        Setting(*pair) for pair in product(_numbers("temperature", temperature), _numbers("alpha", alpha))
    )
    if len(settings) > MOST:
        raise InvalidParameter("temperature and alpha", f"at most {MOST} pairs in all", len(settings))
    return settings


def hold_fit(settings: tuple[Setting, ...], task: Task) -> None:
    """Raises InvalidParameter where several temperatures would be tried on numbers, which have none."""
    temperatures = sorted({setting.temperature for setting in settings})
    if task.kind == "regression" and len(temperatures) > 1:
        raise InvalidParameter("temperature", "left out for a regression, which has none", temperatures)


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [*dict.fromkeys(float(part) for part in str(text).split(","))]
    except ValueError:
        raise InvalidParameter(name, f"numbers with commas between, such as {LIKE[name]}", text) from None

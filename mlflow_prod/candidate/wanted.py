"""What a user asks to see of an evaluation beside what it always shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import EvalConfig, Where


@dataclass(frozen=True)
class Wanted:
    """Nothing more, unless said.

    Parameters
    ----------
    slices : columns to slice by, beside the protected ones; without any, some are chosen.
    where : expressions, each of which cuts the rows into those of which it holds and the others.
    human : figures of people on such rows, by name.
    config : a config of TensorFlow Model Analysis, to be run as well.
    """

    slices: tuple[str, ...] = ()
    where: tuple[Where, ...] = ()
    human: Mapping[str, float] = field(default_factory=dict)
    config: EvalConfig | None = None

    @classmethod
    def read(cls, slices: str = "", where: str = "", human: str = "", eval_config: str = "") -> "Wanted":
        """From texts: names, with commas between; expressions, with semicolons; `figure=value`; a path.

        Raises InvalidParameter for what cannot be read.
        """
        expressions = dict.fromkeys(_several(where, ";"))
        return cls(
            tuple(dict.fromkeys(_several(slices, ","))),
            tuple(Where(expression, expression) for expression in expressions),
            dict(_figure(told) for told in _several(human, ",")),
            EvalConfig.read(eval_config) if eval_config else None,
        )

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that are needed for all of it."""
        specs = () if self.config is None else self.config.slicing_specs
        names = [*self.slices, *(name for cut in self.where for name in cut.reads)]
        return tuple(dict.fromkeys([*names, *(name for spec in specs for name in spec.columns)]))


def _several(text: str, between: str) -> list[str]:
    return [part.strip() for part in text.split(between) if part.strip()]


def _figure(told: str) -> tuple[str, float]:
    name, _, value = told.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError as problem:
        raise InvalidParameter(
            "human", "figures such as accuracy=0.95, with commas between", told
        ) from problem

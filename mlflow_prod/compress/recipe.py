"""Recipes: steps that train, then a converter, written as `prune(0.75)+cluster(16)+qat+int8`."""

import re
from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from typing import Any

from mlflow_prod.compress.converters import CONVERTERS
from mlflow_prod.compress.steps import QAT, STEPS, Step
from mlflow_prod.errors import InvalidParameter, did_you_mean

# Converters of files that round as quantization-aware training does.
AFTER_QAT = ("int8", "int8_io")
# Commas and plus signs count outside of parentheses only, and parentheses are not nested.
PLUS = re.compile(r"\+(?![^(]*\))")
PART = re.compile(r"\s*([^()]*?)\s*(?:\(([^()]*)\))?\s*")


@dataclass(frozen=True)
class Recipe:
    """How a small model is made: steps in the order prune, cluster, qat, each at most once, then a converter.

    Parameters
    ----------
    steps : that train the network on; none for conversion alone.
    converter : a key of `CONVERTERS`; after `QAT` one for int8.

    Raises InvalidParameter.
    """

    steps: tuple[Step, ...] = ()
    converter: str = "int8"

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        names = [_name(step) for step in self.steps]
        for name in names:
            if names.count(name) > 1:
                raise InvalidParameter("recipe", f"without a second {name}", str(self))
        if names != (right := [name for name in STEPS if name in names]):
            raise InvalidParameter(
                "recipe",
                f"in the order {', '.join(right)}: a step keeps what those before it made, not the reverse",
                str(self),
            )
        if self.converter not in CONVERTERS:
            rule = f"one of {', '.join(CONVERTERS)} ({did_you_mean(self.converter, CONVERTERS)})"
            raise InvalidParameter("recipe: converter", rule, self.converter)
        if "qat" in names and self.converter not in AFTER_QAT:
            rule = f"ended by {' or '.join(AFTER_QAT)} after qat, which trains for the rounding of int8"
            raise InvalidParameter("recipe", rule, str(self))

    @classmethod
    def read(cls, text: str) -> "Recipe":
        """A recipe from its text; capitals and spaces do not matter, but in names of layers.

        Parts are joined by `+`. Arguments follow in parentheses, by place or by name, as in
        `prune(0.75, schedule=constant)`; those of `qat` are names of layers. Raises InvalidParameter, naming
        the part.

        >>> str(Recipe.read("Prune(0.50) + qat(dense_1) + INT8"))
        'prune(0.5)+qat(dense_1)+int8'
        """
        parts = [_split(part) for part in PLUS.split(text)]
        steps: list[Step] = []
        for place, (name, arguments) in enumerate(parts, 1):
            if name in STEPS:
                steps.append(_step(name, arguments))
            elif name not in CONVERTERS:
                known = [*STEPS, *CONVERTERS]
                rule = f"parts out of {', '.join(known)} joined by + ({did_you_mean(name, known)})"
                raise InvalidParameter("recipe", rule, name)
            elif arguments:
                raise InvalidParameter(
                    f"recipe: {name}", "without arguments, as a converter", ",".join(arguments)
                )
            elif place < len(parts):
                raise InvalidParameter("recipe", f"with one converter, at the end; {name} is one", text)
        if parts[-1][0] not in CONVERTERS:
            raise InvalidParameter("recipe", f"ended by a converter, one of {', '.join(CONVERTERS)}", text)
        return cls(tuple(steps), parts[-1][0])

    def __str__(self) -> str:
        return "+".join([*map(_written, self.steps), self.converter])


def _split(part: str) -> tuple[str, list[str]]:
    found = PART.fullmatch(part)
    if found is None:
        raise InvalidParameter("recipe", "parts such as qat or prune(0.75) joined by +", part)
    name, inner = found.groups()
    arguments = [argument.strip() for argument in inner.split(",")] if (inner or "").strip() else []
    if "" in arguments:
        raise InvalidParameter(f"recipe: {name.lower()}", "given arguments with single commas between", inner)
    return name.lower(), arguments


def _step(name: str, arguments: list[str]) -> Step:
    kind = STEPS[name]
    if kind is QAT:
        return QAT(tuple(arguments))
    known = {field.name: field for field in fields(kind)}
    values: dict[str, Any] = {}
    for place, argument in enumerate(arguments):
        key, equals, value = (word.strip() for word in argument.lower().rpartition("="))
        if not equals:
            if place >= len(known):
                raise InvalidParameter(
                    f"recipe: {name}", f"given at most {len(known)} arguments", len(arguments)
                )
            key = list(known)[place]
        if key not in known:
            raise InvalidParameter(
                f"recipe: {name}", f"given arguments it has ({did_you_mean(key, known)})", key
            )
        if key in values:
            raise InvalidParameter(f"recipe: {name}", f"given {key} once", ", ".join(arguments))
        values[key] = _value(name, known[key], value)
    return kind(**values)


def _value(name: str, field: "Field[Any]", text: str) -> Any:
    kinds: dict[type, tuple[Callable[[str], Any], str]] = {
        int: (int, "a whole number"),
        float: (float, "a number"),
        str: (str, "a word"),
    }
    read, rule = kinds[type(field.default)]
    try:
        return read(text)
    except ValueError:
        raise InvalidParameter(f"recipe: {name}: {field.name}", rule, text) from None


def _name(step: Step) -> str:
    for name, kind in STEPS.items():
        if type(step) is kind:
            return name
    raise InvalidParameter("recipe: steps", f"of {', '.join(kind.__name__ for kind in STEPS.values())}", step)


def _written(step: Step) -> str:
    arguments: list[str] = []
    if isinstance(step, QAT):
        arguments = list(step.layers)
    else:
        behind = False
        for place, field in enumerate(fields(step)):  # type: ignore[arg-type]
            value = getattr(step, field.name)
            # The first one says how much, and is told even where it is the usual.
            if place and value == field.default:
                behind = True
                continue
            text = _number(value) if isinstance(value, float) else str(value)
            arguments.append(f"{field.name}={text}" if behind else text)
    return f"{_name(step)}({', '.join(arguments)})" if arguments else _name(step)


def _number(value: float) -> str:
    # The shorter form wherever nothing is lost by it.
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))

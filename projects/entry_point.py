"""What the scripts share: a function with typed parameters becomes a run, and a command line."""

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, Concatenate, Literal, NoReturn, ParamSpec, TypeVar, get_args, get_origin

import click

from mlflow_prod.cli import run_and_exit
from mlflow_prod.tracking import ModelReference, Run, open_run
from projects.parameters import MEANING
from projects.result import what_next

P = ParamSpec("P")
T = TypeVar("T")
Parameter = tuple[str, Any, Any]
REQUIRED: Any = inspect.Parameter.empty


def entry_point(function: Callable[Concatenate[Run, P], T]) -> Callable[P, T]:
    """Makes a call of `function` a run of its name, parameters logged, handed to it as first argument."""
    signature = inspect.signature(function)
    outer = signature.replace(parameters=list(signature.parameters.values())[1:])

    @functools.wraps(function)
    def opened(*positional: P.args, **named: P.kwargs) -> T:
        bound = outer.bind(*positional, **named)
        bound.apply_defaults()
        with open_run(function.__name__, _flat(bound.arguments)) as run:
            return function(run, *bound.args, **bound.kwargs)

    opened.__signature__ = outer  # type: ignore[attr-defined]
    return opened


def parameters_of(function: Callable[..., Any]) -> list[Parameter]:
    """(name, annotation, default) of each parameter; one that is a dataclass stands for its fields."""
    found: list[Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if dataclasses.is_dataclass(parameter.annotation):
            fields = dataclasses.fields(parameter.annotation)
            found += [(field.name, field.type, getattr(parameter.default, field.name)) for field in fields]
        else:
            found.append((parameter.name, parameter.annotation, parameter.default))
    return found


def launch(function: Callable[..., Any], arguments: list[str] | None = None) -> NoReturn:
    """Runs an entry point with the parameters of the command line, and exits as `run_and_exit` says."""
    options: list[click.Parameter] = [
        click.Option(
            [f"--{name}", name],
            type=_click_type(annotation),
            show_default=True,
            help=MEANING.get(name),
            **({"required": True} if default is REQUIRED else {"default": default}),
        )
        for name, annotation, default in parameters_of(function)
    ]
    command = click.Command(function.__name__, params=options, help=inspect.getdoc(function))
    command.callback = lambda **given: function(**_regrouped(function, given))
    run_and_exit(command, arguments, f"python -m projects.{function.__name__}", then=_say_what_is_next)


def _say_what_is_next(made: Any) -> None:
    if isinstance(made, ModelReference):
        print(what_next(made))


class _Whole(click.types.IntParamType):
    """A whole number that the libraries underneath, which count in 32 bits, can hold."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = super().convert(value, param, ctx)
        return number if abs(number) < 2**31 else self.fail(f"{number} is beyond 2147483647.", param, ctx)


class _Finite(click.types.FloatParamType):
    """A number that is neither nan, which no comparison finds, nor infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{number} is not finite.", param, ctx)


def _click_type(annotation: Any) -> Any:
    origin: object = get_origin(annotation)
    if origin is Literal:
        return click.Choice(get_args(annotation))
    return {int: _Whole(), float: _Finite()}.get(annotation, annotation)


def _flat(arguments: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in arguments.items():
        is_record = dataclasses.is_dataclass(value) and not isinstance(value, type)
        flat |= dataclasses.asdict(value) if is_record else {name: value}
    return flat


def _regrouped(function: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        kind = parameter.annotation
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            grouped[parameter.name] = kind(
                **{field.name: given[field.name] for field in dataclasses.fields(kind)}
            )
        else:
            grouped[parameter.name] = given[parameter.name]
    return grouped

"""What the scripts share: a function with typed parameters becomes a run, and a command line."""

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, Concatenate, Literal, NoReturn, ParamSpec, TypeVar, get_args, get_origin

import click

from mlflow_prod.errors import ProdError
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
    """Runs an entry point with the parameters of the command line, and exits.

    Exit codes: 0 done, 1 an error whose message says what to do, 2 wrong parameters, 130 stopped by Ctrl-C.
    An error that nobody foresaw keeps its traceback.
    """
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
    try:
        made = command.main(
            arguments, prog_name=f"python -m projects.{function.__name__}", standalone_mode=False
        )
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        print("\nstopped: the run is marked FAILED and keeps what it had logged", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if not _can_be_mended(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    if isinstance(made, ModelReference):
        print(what_next(made))
    sys.exit(0)


def _can_be_mended(error: Exception) -> bool:
    # Imported here, so that --help need not wait for MLflow.
    from mlflow.exceptions import MlflowException

    return isinstance(error, ProdError | MlflowException | OSError)


def _click_type(annotation: Any) -> Any:
    origin: object = get_origin(annotation)
    return click.Choice(get_args(annotation)) if origin is Literal else annotation


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

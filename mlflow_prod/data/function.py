"""Functions of a user's own, named on the command line."""

import importlib
import inspect
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow_prod.errors import DataError, ProdError

FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def call(parameter: str, text: str, *arguments: Any, error: type[ProdError] = DataError) -> Any:
    """What `module:function` returns to these arguments; `parameter` is what the user named it by.

    Raises `error` for a module or function that is not there, one that takes other arguments, and whatever
    its code raises, `exit` included; the message has the line.
    """
    module, _, function = text.partition(":")
    with _told(parameter, text, error):
        try:
            made = getattr(importlib.import_module(module), function)
        except ModuleNotFoundError as problem:
            raise error(
                f"{parameter} {text!r}: no module {problem.name!r} in {Path.cwd()}, nor on PYTHONPATH: "
                "set PYTHONPATH to the folder that holds it"
            ) from problem
    if not callable(made):
        raise error(f"{parameter} {text!r}: {function} is no function")
    try:
        inspect.signature(made).bind(*arguments)
    except TypeError as problem:
        given = f"with {len(arguments)} arguments" if arguments else "without arguments"
        raise error(f"{parameter} {text!r}: the function must work {given}: {problem}") from problem
    except ValueError:
        # Some that are written in C have no signature.
        pass
    with _told(parameter, text, error):
        return made(*arguments)


@contextmanager
def _told(parameter: str, text: str, error: type[ProdError]) -> Iterator[None]:
    try:
        yield
    except error:
        raise
    except (Exception, SystemExit) as problem:
        steps = traceback.extract_tb(problem.__traceback__)
        theirs = [step for step in steps if step.filename != __file__ and "importlib" not in step.filename]
        place = f" ({theirs[0].filename}, line {theirs[0].lineno})" if theirs else ""
        raise error(f"{parameter} {text!r}: {type(problem).__name__}{place}: {problem}") from problem

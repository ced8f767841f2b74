"""The few kinds of error. Each message names what broke which rule, and says what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class ProdError(Exception):
    """What a person can mend: a script prints its message without a traceback and exits with 1."""


class InvalidParameter(ProdError, ValueError):
    """A parameter breaks its rule."""

    def __init__(self, name: str, rule: str, value: object):
        super().__init__(f"{name} must be {rule}, got {value!r}")


class DataError(ProdError, ValueError):
    """Data that cannot be read, or cannot be learnt from."""


class ModelError(ProdError, ValueError):
    """A model that cannot be loaded, converted or run."""


class EvidenceError(ProdError, ValueError):
    """Evidence that cannot be read, or is about something else."""


class PolicyError(ProdError, ValueError):
    """A policy file that is missing or says something that cannot be held."""


class Refused(ProdError):
    """A promotion that the gate refused; the message carries every reason."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint to append to a message: the nearest known name, or all of them when none is near.

    >>> did_you_mean("incme", ["income", "age"])
    "did you mean 'income'?"
    """
    names = sorted(known)
    near = get_close_matches(word.lower(), [name.lower() for name in names], n=1)
    if near:
        return f"did you mean {next(name for name in names if name.lower() == near[0])!r}?"
    return f"known: {', '.join(names) or 'none'}"

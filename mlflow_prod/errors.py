"""The few kinds of error. Each message names what broke which rule, and says what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

# Of a value in a message, which is to be read at a glance.
LONGEST = 200
# Of the names that a message lists.
MOST_NAMES = 10


class ProdError(Exception):
    """What a person can mend: a script prints its message without a traceback and exits with 1."""


class InvalidParameter(ProdError, ValueError):
    """A parameter breaks its rule."""

    def __init__(self, name: str, rule: str, value: object):
        super().__init__(f"{name} must be {rule}, got {shown(value)}")


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


def shown(value: object) -> str:
    """A value as a message shows it.

    >>> shown("champion")
    "'champion'"
    """
    return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint to append to a message: the nearest known name, or the first MOST_NAMES when none is near.

    >>> did_you_mean("incme", ["income", "age"])
    "did you mean 'income'?"
    >>> did_you_mean("sex", ["income", "age"])
    'known: age, income'
    """
    names = sorted(known)
    if near := nearest(word, names):
        return f"did you mean {shown(near)}?"
    listed = ", ".join(map(_cut, names[:MOST_NAMES])) or "none"
    more = len(names) - MOST_NAMES
    return f"known: {listed}{f' and {more:,} more' if more > 0 else ''}"


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known name that `word` is probably a slip of, in any case; "" where none is as like as `likeness`.

    1 is equal, 0 has no letter in common (`difflib`).

    >>> nearest("Incme", ["income", "age"])
    'income'
    """
    by_case = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_case, n=1, cutoff=likeness)
    return by_case[near[0]] if near else ""

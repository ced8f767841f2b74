"""Titles of measures as MLflow takes them for names of metrics."""

import hashlib
import re
from collections.abc import Iterable

# What MLflow allows, and the longest name that its database holds.
FOREIGN = re.compile(r"[^\w\-. :/]")
LONGEST = 250


def metric_names(titles: Iterable[str]) -> list[str]:
    """One name for each title, all different: what MLflow refuses becomes `_`.

    Class and group names come from data, such as `<=50K` and `>50K`; where two titles would get one name,
    or a name were too long, it ends in a digest of its title, so that it is the same in every run.

    >>> metric_names(["accuracy", "recall/<=50K", "recall/>=50K"])
    ['accuracy', 'recall/__50K 5823ca', 'recall/__50K 5b63b5']
    """
    titles = list(titles)
    plain = [_allowed(title) for title in titles]
    return [
        name if plain.count(name) == 1 and len(name) <= LONGEST else f"{name[: LONGEST - 7]} {_digest(title)}"
        for name, title in zip(plain, titles, strict=True)
    ]


def _allowed(title: str) -> str:
    # MLflow reads a name as a path, which must not change when it is tidied.
    parts = [FOREIGN.sub("_", part) for part in title.split("/")]
    return "/".join("_" if part in ("", ".", "..") else part for part in parts)


def _digest(title: str) -> str:
    return hashlib.sha256(title.encode()).hexdigest()[:6]

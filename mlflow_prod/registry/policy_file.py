"""The policy file of a process, read again whenever it changes."""

import os
from pathlib import Path

from mlflow_prod.errors import PolicyError
from mlflow_prod.registry.policy import NoPolicy, Policy, parse

VARIABLE = "MLFLOW_PROD_POLICY"


class PolicyFile:
    """Where the policy stands: the file that MLFLOW_PROD_POLICY names, else `policy.yaml` in the folder the
    process is in when this object is made.
    """

    def __init__(self) -> None:
        named = os.environ.get(VARIABLE, "")
        self.path = Path(named or "policy.yaml").absolute()
        # A file that was named, or was there before, is missed where it is gone: it may protect anything.
        self._expected = bool(named)
        self._read: tuple[tuple[int, ...], Policy | NoPolicy] | None = None

    def read(self) -> Policy | NoPolicy:
        """The policy of now, or a NoPolicy that says why there is none. One `stat` while nothing changes."""
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
            if self._read is None or self._read[0] != stamp:
                self._read = stamp, _load(self.path)
        except FileNotFoundError:
            return self._missing()
        except OSError as problem:
            return NoPolicy(f"The policy {self.path} cannot be read: {problem.strerror}.", everything=True)
        self._expected = True
        return self._read[1]

    def _missing(self) -> NoPolicy:
        if self._expected:
            return NoPolicy(
                f"There is no policy at {self.path}: put the file back, or set {VARIABLE} and restart.",
                everything=True,
            )
        return NoPolicy(
            f"There is no policy to promote under: set {VARIABLE} to a policy file, or write {self.path}.",
            everything=False,
        )


def _load(path: Path) -> Policy | NoPolicy:
    try:
        return parse(path.read_bytes(), str(path))
    except PolicyError as problem:
        return NoPolicy(f"The policy cannot be held, mend it first: {problem}", everything=True)

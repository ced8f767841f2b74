"""What the registry says of a model's files: which bytes were promoted."""

import logging
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import PROMOTED_TAG, promoted_digest
from mlflow_prod.flavor.fetch import fetched, hold_unchanged, promoted

# MLflow writes it into a folder that it reads by a `models:` URI.
NAMED = "registered_model_meta"
LONGEST = 4096
# A server that does not answer must not keep a service from starting: MLflow alone would try for minutes.
SECONDS = 10.0
FILE = re.compile(r"(?:gated:)?sqlite:///(?P<path>[^?]+)")

logger = logging.getLogger(__name__)


@contextmanager
def opened(model_uri: str, digest: str | None = None) -> Iterator[tuple[Path, bool]]:
    """(folder to read, whether its bytes are known) of the model at any URI or path.

    Known are bytes with the `digest` that is given, and those that a gate promoted to the stage or alias of
    the URI, or the version that it names; other ones are refused. Raises ModelError as `fetched` does.
    """
    uri, expected = (model_uri, digest) if digest else promoted(model_uri)
    with fetched(uri, expected) as folder:
        if expected:
            yield folder, True
        else:
            with as_promoted(folder) as found:
                yield found


@contextmanager
def as_promoted(folder: Path) -> Iterator[tuple[Path, bool]]:
    """(folder to read, whether its bytes are known to be those that a gate promoted).

    MLflow hands `_load_pyfunc` a folder, and leaves in it the name and version it was read by. The registry
    that MLflow points at is asked which digests that version was promoted with. Where there are any, a
    private copy is measured and given, so that what is loaded is what was measured; ModelError where it has
    another digest than all of them. A version that was never promoted, a folder that no registry names, and a
    registry that cannot be reached within 10 s leave the folder as it is, not known; the last one with a
    warning, since a service starts without its registry, too.
    """
    named = _named(folder)
    digests = _digests(*named) if named else set()
    if not named or not digests:
        yield folder, False
        return
    with TemporaryDirectory() as place:
        private = Path(place, "model")
        shutil.copytree(folder, private, symlinks=True)
        hold_unchanged(private, digests, f"models:/{named[0]}/{named[1]}")
        yield private, True


def _named(folder: Path) -> tuple[str, str] | None:
    """(name, version) of the registered model that a folder was read as."""
    import yaml

    try:
        with (folder / NAMED).open("rb") as file:
            said = yaml.safe_load(file.read(LONGEST))
        name, version = said["model_name"], said["model_version"]
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as problem:
        raise ModelError(
            f"{folder / NAMED} does not name a model as MLflow writes it: {problem!r}; remove the file "
            "if the folder is none of a registry"
        ) from problem
    # Of a logged model that was read by its id neither is known.
    return (str(name), str(version)) if name and version else None


def _digests(name: str, version: str) -> set[str]:
    """Of all bytes that a version was promoted with; empty where there are none, or nobody can be asked."""
    answered: list[dict[str, str]] = []
    problems: list[Exception] = []

    def ask() -> None:
        try:
            answered.append(_tags(name, version))
        except Exception as problem:
            # A store fails in its own ways; none may end a service.
            problems.append(problem)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(SECONDS)
    if not answered:
        reason = problems[0] if problems else f"no answer within {SECONDS:g} s"
        logger.warning(
            "models:/%s/%s: the registry cannot be asked which files were promoted, so they are taken as of "
            "unknown origin: %s",
            name,
            version,
            reason,
        )
        return set()
    targets = (tag.removeprefix(PROMOTED_TAG) for tag in answered[0] if tag.startswith(PROMOTED_TAG))
    return {digest for target in targets if (digest := promoted_digest(answered[0], target))}


def _tags(name: str, version: str) -> dict[str, str]:
    import mlflow
    from mlflow import MlflowClient

    registry: Any = mlflow.get_registry_uri()
    # Asking a database that is not there would make one.
    if (file := FILE.fullmatch(str(registry))) and not Path(file["path"]).exists():
        raise ModelError("there is no registry here: set MLFLOW_REGISTRY_URI for the files to be verified")
    tags: dict[str, str] = MlflowClient().get_model_version(name, version).tags
    return tags

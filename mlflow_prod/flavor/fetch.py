"""A model's files on this machine."""

import re
import warnings
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder, promoted_digest

# A stage or an alias of a registered model, as MLflow spells them.
HELD = re.compile(r"models:/(?P<name>[^/@]+)(/(?P<stage>[A-Za-z]+)|@(?P<alias>[^/@]+))")


def promoted(model_uri: str) -> tuple[str, str | None]:
    """(URI of the version that holds a stage or alias now, digest of the files that were promoted to it).

    The digest is None where the version came to it past any gate; any other URI comes back as it is, with
    None. Raises ModelError where nothing holds it.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    held = HELD.fullmatch(model_uri)
    if held is None:
        return model_uri, None
    client, name = MlflowClient(), held["name"]
    try:
        if held["alias"]:
            version = client.get_model_version_by_alias(name, held["alias"])
        else:
            with warnings.catch_warnings():
                # MLflow calls stages deprecated at each use.
                warnings.simplefilter("ignore", FutureWarning)
                (version,) = client.get_latest_versions(name, [held["stage"]]) or [None]
    except MlflowException as problem:
        raise ModelError(f"no model at {model_uri!r}: {problem}") from problem
    if version is None:
        raise ModelError(f"no model at {model_uri!r}: no version of {name} is in that stage")
    return f"models:/{name}/{version.version}", promoted_digest(version.tags, held["alias"] or held["stage"])


@contextmanager
def fetched(model_uri: str, digest: str | None = None) -> Iterator[Path]:
    """The folder of the model at any URI that MLflow knows, or at a path.

    With `digest` (`evidence.digest_of_folder`, 64 hex digits) the files are first copied to a private folder
    and measured there, so that the bytes that are loaded are the bytes that were measured, whoever writes to
    the store meanwhile; the copy is removed at the end. Raises ModelError where nothing is found, or where
    the files have another digest.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with ExitStack() as stack:
        private = None if digest is None else stack.enter_context(TemporaryDirectory())
        try:
            folder = Path(download_artifacts(artifact_uri=model_uri, dst_path=private))
        except (MlflowException, OSError) as problem:
            raise ModelError(f"no model at {model_uri!r}: {problem}") from problem
        if digest is not None:
            hold_unchanged(folder, {digest}, model_uri)
        yield folder


def hold_unchanged(folder: Path, digests: Collection[str], name: str) -> None:
    """Raises ModelError, about the model `name`, where the files have another digest than these."""
    if (found := digest_of_folder(folder)) not in digests:
        known = " or ".join(f"{digest[:12]}..." for digest in sorted(digests))
        raise ModelError(
            f"the files of {name!r} have the digest {found[:12]}... and not {known}: "
            "they were changed after they were measured, so they are not loaded"
        )

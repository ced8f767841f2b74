"""Promotions as a client of the registry asks for them, with or without a server in between."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from mlflow_prod.errors import EvidenceError, InvalidParameter, Refused
from mlflow_prod.evidence import (
    ADOPTION_TAG,
    APPROVAL_TAG,
    CHECK_ALIAS,
    DECISION_TAG,
    MODELS,
    OVERRIDE_TAG,
    PREVIOUS_ALIAS,
    PROMOTED_TAG,
    REVOCATION_TAG,
    Adoption,
    Approval,
    Override,
    Revocation,
    SigningKey,
    uncounted,
    write_envelope,
)
from mlflow_prod.tracking.registry import hold_gated

STAGES = {"none": "None", "staging": "Staging", "production": "Production", "archived": "Archived"}


def promote(name: str, version: str, target: str) -> None:
    """Gives a version a stage or an alias, or copies it to another model (`models:/NAME`).

    Raises Refused, with every reason, where the gate refuses.
    """
    from mlflow import MlflowClient

    hold_gated(name)
    client = MlflowClient()
    with _refusals():
        if target.startswith(MODELS):
            client.copy_model_version(f"{MODELS}{name}/{version}", target.removeprefix(MODELS))
        elif stage := STAGES.get(target.lower()):
            with warnings.catch_warnings():
                # MLflow calls stages deprecated at each use; teams that promote by stage know.
                warnings.simplefilter("ignore", FutureWarning)
                # MLflow archives others only where there are any to archive.
                archive = stage in ("Staging", "Production")
                client.transition_model_version_stage(name, version, stage, archive_existing_versions=archive)
        else:
            client.set_registered_model_alias(name, target, version)


def check(name: str, version: str, target: str) -> dict[str, Any]:
    """What the gate would decide now, as JSON values: allowed, reasons, notes, subject, and more."""
    found = _ask_version(name, f"{CHECK_ALIAS}{version}.{target}")
    decision: dict[str, Any] = json.loads(found.tags[DECISION_TAG])
    return decision


def previous(name: str, target: str) -> str:
    """The version that held a target before the last one; MlflowException where there is none."""
    return str(_ask_version(name, f"{PREVIOUS_ALIAS}{target}").version)


def override(name: str, version: str, target: str, person: str, reason: str) -> None:
    """Promotes against the policy, on the word of a person who holds a key that may.

    Raises InvalidParameter without a key in the environment, MlflowException where the gate does not take it.
    """
    from mlflow import MlflowClient

    key = SigningKey.of_environment()
    if key is None:
        raise InvalidParameter("MLFLOW_PROD_KEY_FILE", "the file of a key that may override", "nothing")
    decision = check(name, version, target)
    subject = decision["subject"]
    if not subject and decision["allowed"]:
        raise EvidenceError(f"{target} of {name} is not protected: ask for it as usual")
    if not subject:
        raise EvidenceError(f"the files of {name} {version} cannot be read: nothing can be promoted")
    signed = Override(subject, name, version, target, person, reason, datetime.now(UTC)).sign(key)
    MlflowClient().set_model_version_tag(name, version, OVERRIDE_TAG, write_envelope(signed))


def approve(name: str, version: str, target: str, note: str = "", *, taken_back: bool = False) -> str:
    """Approves, as whoever is signed in to the server, that a version gets a target; or takes that back.

    Returns whose approval of it does not count by the policy of today, and why; "" where each does.
    """
    from mlflow import MlflowClient

    _send(name, version, APPROVAL_TAG, Approval.made(target=target, note=note, taken_back=taken_back))
    return uncounted(MlflowClient().get_model_version(name, version).tags.get(APPROVAL_TAG, ""))


def revoke(name: str, version: str, check_name: str, reason: str) -> None:
    """Takes all evidence of a check about a version's files out of account."""
    _send(name, version, REVOCATION_TAG, Revocation.made(check=check_name, reason=reason))


def adopt(name: str, version: str, note: str = "") -> list[str]:
    """Has the gate take in a version that holds protected targets since before; the targets that were."""
    from mlflow import MlflowClient

    client = MlflowClient()
    before = client.get_model_version(name, version).tags
    _send(name, version, ADOPTION_TAG, Adoption.made(note=note))
    after = client.get_model_version(name, version).tags
    return sorted(
        key.removeprefix(PROMOTED_TAG)
        for key, text in after.items()
        if key.startswith(PROMOTED_TAG) and before.get(key) != text
    )


def _send(name: str, version: str, tag: str, request: Adoption | Approval | Revocation) -> None:
    from mlflow import MlflowClient

    hold_gated(name)
    MlflowClient().set_model_version_tag(name, version, tag, request.model_dump_json())


def _ask_version(name: str, alias: str) -> Any:
    from mlflow import MlflowClient

    hold_gated(name)
    return MlflowClient().get_model_version_by_alias(name, alias)


@contextmanager
def _refusals() -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as problem:
        # MLflow wraps what goes wrong in a copy.
        cause = problem.__cause__ if isinstance(problem.__cause__, MlflowException) else problem
        if cause.error_code != "PERMISSION_DENIED":
            raise
        raise Refused(cause.message) from problem

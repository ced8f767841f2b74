"""Evidence that comes in as the value of a reserved tag."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from mlflow_prod.errors import EvidenceError, ModelError
from mlflow_prod.evidence import Evidence, unpack
from mlflow_prod.plugins.holders import location_of
from mlflow_prod.plugins.model_files import ModelFiles, look_at
from mlflow_prod.registry import CHECK_LENGTH, CLOCK_SLACK


def examine(
    store: SqlAlchemyStore, name: str, version: str, envelope: str
) -> tuple[tuple[Evidence, ...], ModelFiles]:
    """The records in an envelope and the files they are about: those of this version, or EvidenceError."""
    evidence = unpack(envelope)
    with store.ManagedSessionMaker(read_only=False) as session:
        location = location_of(store._get_sql_model_version(session, name, version))
    if location is None:
        raise EvidenceError(f"{name} version {version} is a prompt: evidence is about models")
    try:
        files = look_at(location)
    except ModelError as problem:
        raise EvidenceError(f"{name} version {version} cannot take evidence: {problem}") from problem
    checks = [record.check for record in evidence]
    if len(set(checks)) < len(checks):
        raise EvidenceError(f"an envelope must hold one record a check, got {', '.join(sorted(checks))}")
    now = datetime.now(UTC).replace(microsecond=0)
    for record in evidence:
        if len(record.check) > CHECK_LENGTH:
            raise EvidenceError(f"check must have at most {CHECK_LENGTH} characters, got {len(record.check)}")
        if record.subject != files.digest:
            raise EvidenceError(
                f"the {record.check} evidence is about files with digest {record.subject[:12]}, and {name} "
                f"version {version} holds files with digest {files.digest[:12]}: measure this version, or "
                f"register the files that were measured"
            )
        if record.made_at > now + CLOCK_SLACK:
            raise EvidenceError(
                f"the {record.check} evidence was made in the future ({record.made_at.isoformat()}): "
                f"set the clocks"
            )
    # A clock that runs ahead a little must not make its evidence the newest for minutes to come.
    return tuple(replace(record, made_at=min(record.made_at, now)) for record in evidence), files


def summary(evidence: Sequence[Evidence]) -> str:
    """What stands in the tag, of the newest evidence of each check.

    >>> from datetime import UTC, datetime
    >>> summary([Evidence("fairness", "0" * 64, "1" * 64, (), made_at=datetime(2026, 11, 20, tzinfo=UTC))])
    'fairness (1 check, unsigned, 2026-11-20)'
    """
    checks = sorted(record.check for record in evidence)
    last = max(record.made_at for record in evidence).astimezone(UTC)
    count = f"{len(checks)} check{'s' if len(checks) > 1 else ''}"
    return f"{', '.join(checks)} ({count}, unsigned, {last:%Y-%m-%d})"

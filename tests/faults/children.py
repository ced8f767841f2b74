"""Processes that do one thing over and over until they are killed; a start takes no import."""

import itertools
import multiprocessing
import os
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from mlflow.entities.model_registry import ModelVersionTag
from mlflow.exceptions import MlflowException

from mlflow_prod.evidence import EVIDENCE_TAG, Evidence, Measure, attest, digest_of_folder, pack
from mlflow_prod.plugins.registry_store import build

# Children are forked from a process that has one thread and everything imported.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pytest", "psycopg", "pymysql", "mlflow_prod.plugins.registry_store"])
PLACES = ("between transactions", "reading", "writing", "committing")
OUTSIDE, READING, WRITING, COMMITTING = range(len(PLACES))


def promote_back_and_forth(uri, folder, place, started):
    """Gives the alias and the stage to versions 1 and 2 in turn, from whichever has no alias now."""
    store = _store(uri, folder, place)
    aliases = store.get_registered_model("loans").aliases
    started.send(None)
    for version in itertools.cycle("21" if str(aliases.get("champion")) == "1" else "12"):
        store.set_registered_model_alias("loans", "champion", version)
        store.transition_model_version_stage("loans", version, "Production", False)


def submit(uri, folder, place, started, version):
    """Submits evidence of one check after another."""
    store = _store(uri, folder, place)
    started.send(None)
    for number in itertools.count():
        submit_one(store, version, f"check{number}", digest_of_folder(Path("models", version)))


def submit_one(store, version, check, subject):
    record = Evidence(check, subject, "d" * 64, (Measure("accuracy", 0.9),), made_at=datetime.now(UTC))
    store.set_model_version_tag("loans", version, ModelVersionTag(EVIDENCE_TAG, pack([attest(record)])))


def promote_once(uri, folder, version, barrier, answers):
    """Asks for the alias once all others are ready to; answers with the version and what was said."""
    os.chdir(folder)
    store = build(uri)
    barrier.wait()
    said = ""
    try:
        store.set_registered_model_alias("loans", "champion", version)
    except MlflowException as problem:
        said = f"{problem.error_code}: {problem}"
    answers.put((int(version), said))


def _store(uri, folder, place):
    """A store that keeps its place in a transaction where the parent sees it, also once it is killed."""
    # Where the policy is.
    os.chdir(folder)
    store = build(uri)

    def now(there):
        place.value = there

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def _(connection, cursor, statement, *rest):
        changes = statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))
        now(WRITING if changes or place.value == WRITING else READING)

    sa.event.listen(store.engine, "commit", lambda connection: now(COMMITTING))
    sa.event.listen(store.engine.pool, "checkin", lambda *connection: now(OUTSIDE))
    return store

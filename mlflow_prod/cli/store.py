"""The registry's database, for those who may reach it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy import Connection

STORE = click.option(
    "--store",
    envvar="MLFLOW_REGISTRY_URI",
    required=True,
    help="the registry's database, such as gated:sqlite:///mlflow.db; else what MLFLOW_REGISTRY_URI says",
)


@contextmanager
def reading(store: str) -> "Iterator[Connection]":
    """A connection to the database of a registry, its ledger up to date; InvalidParameter for a server."""
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    from mlflow_prod.errors import EvidenceError, InvalidParameter
    from mlflow_prod.registry import is_ledger

    try:
        url = make_url(store.removeprefix("gated:"))
    except ArgumentError:
        rule = "the URI of a registry's database, such as gated:sqlite:///mlflow.db"
        raise InvalidParameter("store", rule, "something else") from None
    # Passwords may stand in a query, too.
    shown = url.set(query={}).render_as_string(hide_password=True)
    try:
        if url.drivername.startswith(("http", "databricks")):
            raise InvalidParameter(
                "store", "the registry's database, which holds the ledger, not a server", shown
            )
        engine = create_engine(url)
        with engine.connect() as connection:
            if not is_ledger(connection):
                raise EvidenceError(
                    f"{shown} holds no ledger of this version yet: start a server with gated: before it, or "
                    f"run mlflow-prod adopt"
                )
            yield connection
    except SQLAlchemyError as problem:
        # The driver's message may hold the URL, and that a password.
        raise InvalidParameter(
            "store", f"a database that can be opened ({type(problem).__name__})", shown
        ) from None

"""Several of the registry store's calls in one database transaction, with the ledger locked."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from mlflow_prod.errors import ProdError
from mlflow_prod.registry import Ledger


class SessionMaker(Protocol):
    """How MLflow's stores open a session: commits at the end, rolls back on any exception."""

    def __call__(self, read_only: bool = True) -> AbstractContextManager[Session]: ...


class OneTransaction:
    """A session maker that joins the session which `locked` holds open, and is MLflow's own elsewhere.

    Not for calls that roll their session back and go on, as `create_model_version` does where another client
    took its number: what was written before would be lost.
    """

    def __init__(self, sessions: SessionMaker, engine: Engine) -> None:
        self._sessions = sessions
        self._sqlite = engine.dialect.name == "sqlite"
        # A question alone needs no transaction; SQLite takes none for it.
        self._reader = engine if self._sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._joined: ContextVar[Session | None] = ContextVar("mlflow_prod_session", default=None)

    @contextmanager
    def __call__(self, read_only: bool = True) -> Iterator[Session]:
        joined = self._joined.get()
        if joined is not None:
            yield joined
            return
        with self._sessions(read_only=read_only) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for questions, without MLflow's session, which costs as much as several of them."""
        try:
            with self._reader.connect() as connection:
                yield connection
        except OperationalError as problem:
            raise _told(problem) from problem

    @contextmanager
    def locked(self) -> Iterator[tuple[Session, Ledger]]:
        """One transaction that nobody else's writing to the ledger overlaps; errors of ours stay our own."""
        try:
            with self._sessions(read_only=False) as session:
                if self._sqlite:
                    session.execute(text("BEGIN IMMEDIATE"))
                token = self._joined.set(session)
                try:
                    yield session, Ledger(session.connection())
                finally:
                    self._joined.reset(token)
        except MlflowException as wrapped:
            # MLflow makes errors of its own of whatever it does not know.
            if isinstance(wrapped.__cause__, ProdError):
                raise wrapped.__cause__ from None
            if isinstance(wrapped.__cause__, OperationalError):
                raise _told(wrapped.__cause__) from wrapped
            raise


def _told(problem: OperationalError) -> MlflowException:
    """Says in a sentence that the database is locked, full or gone, where MLflow shows the SQL statement."""
    # The last: some drivers say the error's number first.
    said = str(problem.orig.args[-1] if problem.orig and problem.orig.args else problem).partition("\n")[0]
    return MlflowException(
        f"The registry's database failed: {said}. Ask again once that is over.", TEMPORARILY_UNAVAILABLE
    )

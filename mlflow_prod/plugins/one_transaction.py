"""Several of the registry store's calls in one database transaction, under the registry's lock."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from mlflow.store.model_registry.dbmodels.models import SqlRegisteredModel
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session


class SessionMaker(Protocol):
    """How MLflow's stores open a session: commits at the end, rolls back on any exception."""

    def __call__(self, read_only: bool = True) -> AbstractContextManager[Session]: ...


class OneTransaction:
    """A session maker that joins the session which `locked` holds open, and is MLflow's own elsewhere.

    Not for calls that roll their session back and go on (`create_model_version` does): the lock and what
    was written would be lost.
    """

    def __init__(self, sessions: SessionMaker) -> None:
        self._sessions = sessions
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
    def locked(self, workspace: str, model: str) -> Iterator[Session]:
        """One transaction that nobody else's change of `model` can overlap."""
        with self._sessions(read_only=False) as session:
            if session.get_bind().dialect.name == "sqlite":
                session.execute(text("BEGIN IMMEDIATE"))
            else:
                row = (SqlRegisteredModel.workspace == workspace) & (SqlRegisteredModel.name == model)
                session.execute(select(SqlRegisteredModel.name).where(row).with_for_update())
            token = self._joined.set(session)
            try:
                yield session
            finally:
                self._joined.reset(token)


@contextmanager
def database_faults_told() -> Iterator[None]:
    """Says in a sentence that the database is locked, full or gone, where MLflow shows the SQL statement."""
    try:
        yield
    except MlflowException as problem:
        if not isinstance(problem.__cause__, OperationalError):
            raise
        said = str(problem.__cause__.orig).partition("\n")[0]
        raise MlflowException(
            f"The registry's database failed: {said}. Ask again once that is over.", TEMPORARILY_UNAVAILABLE
        ) from problem

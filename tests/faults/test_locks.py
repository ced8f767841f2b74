"""A database that somebody else holds locked: promotions fail in plain words, and work again afterwards."""

import pytest
import sqlalchemy as sa
from mlflow.exceptions import MlflowException

from tests.faults.ledger import assert_whole

# Servers wait for a minute or for ever, so these wait for less; a file's own patience is cut below.
IMPATIENT = {
    "sqlite": "",
    "postgresql": "&options=-c%20lock_timeout%3D200",
    "mysql": "&init_command=SET%20innodb_lock_wait_timeout%3D1",
}


@pytest.fixture(scope="session")
def fresh_database(fresh_database):
    """As ever, of databases that soon give a lock up."""

    def fresh():
        uri = fresh_database()
        return uri + IMPATIENT[sa.make_url(uri).get_backend_name()]

    return fresh


def test_a_locked_database_changes_nothing_and_says_so(registry):
    database = registry.uri.removeprefix("gated:")
    registry.client.set_registered_model_alias("loans", "champion", 1)
    registry.client.transition_model_version_stage("loans", 1, "Production")
    shorten(registry.store.engine)
    asks = [
        lambda: registry.client.set_registered_model_alias("loans", "champion", 2),
        lambda: registry.client.transition_model_version_stage("loans", 2, "Production"),
        lambda: registry.submit(2, registry.evidence(2, 0.95)),
        lambda: registry.client.delete_registered_model_alias("loans", "champion"),
    ]
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.connect() as other:
        sqlite = engine.dialect.name == "sqlite"
        other.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "SELECT * FROM mlflow_prod_heads FOR UPDATE")
        for ask in asks:
            with pytest.raises(MlflowException, match=r"The registry's database failed: .*[Ll]ock") as raised:
                ask()
            assert raised.value.get_http_status_code() == 503
            assert "SQL:" not in str(raised.value)
            assert assert_whole(database) == (1, [1])
    assert len(registry.rows("mlflow_prod_evidence")) == 2
    for ask in asks[:3]:
        ask()
    assert assert_whole(database) == (2, [2])


def shorten(engine):
    """Has SQLite wait for a tenth of a second where MLflow asks for 20."""

    @sa.event.listens_for(engine, "before_cursor_execute", retval=True)
    def _(connection, cursor, statement, parameters, context, many):
        return statement.replace("busy_timeout = 20000", "busy_timeout = 100"), parameters

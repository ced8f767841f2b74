"""What a person does with a model on MLflow's own pages."""

import contextlib
import shutil
import sqlite3

import pytest
from mlflow.tracking import MlflowClient

from mlflow_prod.evidence import Evidence, Measure, attest, digest_of_folder, pack
from tests.browser import (
    CHROMIUM,
    ask_for_copy,
    ask_for_stage,
    chromium,
    delete_model,
    delete_version,
    notice,
)
from tests.serving import mlflow_server

POLICY = """
version: 1
models:
  "loans*":
    targets: [Production, champion]
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
  "*-gated":
    every_version: true
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
"""
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM}: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, mlflow_tables):
    """The server's own: its policy, its database and its artifacts."""
    path = tmp_path_factory.mktemp("server")
    shutil.copyfile(mlflow_tables, path / "mlflow.db")
    (path / "policy.yaml").write_text(POLICY)
    return path


@pytest.fixture(scope="module")
def server(folder):
    with mlflow_server(folder) as address:
        yield address


@pytest.fixture
def page():
    with chromium() as page:
        yield page


@pytest.fixture
def client(server):
    return MlflowClient(server, server)


@pytest.fixture
def loans(client, folder, tmp_path, monkeypatch, server, request):
    """A registered model of the test's own whose version 1 has too little accuracy, and version 2 enough."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    name = f"loans-{request.node.name}"
    client.create_registered_model(name)
    for number, accuracy in ((1, 0.7), (2, 0.9)):
        files = tmp_path / str(number)
        files.mkdir()
        (files / "MLmodel").write_text(f"flavors: {{}}\nnumber: {number}\n")
        run = client.create_run("0")
        client.log_artifacts(run.info.run_id, str(files), "model")
        client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
        record = Evidence("evaluation", digest_of_folder(files), "d" * 64, (Measure("accuracy", accuracy),))
        client.set_model_version_tag(name, str(number), "mlflow_prod.evidence", pack([attest(record)]))
    return name


def decisions(folder, model):
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        query = (
            "SELECT action, version, target, allowed FROM mlflow_prod_decisions WHERE model = ? ORDER BY id"
        )
        return connection.execute(query, [model]).fetchall()


def test_the_stage_menu_shows_a_refusal(server, page, client, loans, folder):
    said = ask_for_stage(page, server, loans, "1", "Production")
    assert f"Version 1 of {loans} to Production: refused" in said
    assert "accuracy 0.7 must be at least 0.8" in said
    assert client.get_model_version(loans, "1").current_stage == "None"
    assert decisions(folder, loans) == [("promotion", 1, "production", 0)]


def test_the_promote_dialog_copies_into_a_model_that_takes_any(server, page, client, loans):
    client.create_registered_model("elsewhere")
    ask_for_copy(page, server, loans, "1", "elsewhere")
    page.wait_for_url("**/models/elsewhere/versions/1")
    assert client.get_model_version("elsewhere", "1").source == f"models:/{loans}/1"


def test_the_promote_dialog_shows_a_refusal(server, page, client, loans, folder):
    gated = f"{loans}-gated"
    client.create_registered_model(gated)
    ask_for_copy(page, server, loans, "1", gated)
    said = notice(page)
    assert f"models:/{loans}/1 to {gated} as a new version: refused" in said
    assert "accuracy 0.7 must be at least 0.8" in said
    assert client.search_model_versions(f"name = '{gated}'") == []
    assert decisions(folder, gated) == [("promotion", 0, "", 0)]


@pytest.mark.parametrize("delete", ["version", "model"])
def test_a_deleted_champion_is_in_the_ledger_as_withdrawn(server, page, client, loans, folder, delete):
    client.set_registered_model_alias(loans, "champion", "2")
    if delete == "version":
        delete_version(page, server, loans, "2")
        assert client.get_registered_model(loans).aliases == {}
    else:
        delete_model(page, server, loans)
        assert client.search_registered_models(f"name = '{loans}'") == []
    assert decisions(folder, loans) == [("promotion", 2, "champion", 1), ("withdrawal", 2, "champion", 1)]

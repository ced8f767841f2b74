import json
import shutil

import mlflow
import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from mlflow_prod.evidence import Evidence, Measure, attest, digest_of_folder, pack
from mlflow_prod.plugins.model_files import look_at
from tests.serving import mlflow_server

POLICY = """
version: 1
models:
  "*":
    targets: [Production, champion]
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
      - {check: fairness, measure: recall, across: sex, gap_at_most: 0.1}
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")


@pytest.fixture(scope="module")
def server(tmp_path_factory, mlflow_tables):
    """Address of a real server whose registry is gated; its folder holds the policy and the artifacts."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copyfile(mlflow_tables, folder / "mlflow.db")
    (folder / "policy.yaml").write_text(POLICY)
    with mlflow_server(folder) as address:
        yield address


@pytest.fixture
def client(server, workplace, monkeypatch):
    """A client of the server, whose address is also what MLflow's own functions use."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", server)
    return MlflowClient(server, server)


@pytest.fixture
def version(client, workplace, request):
    """A version of a model of its own, logged through the server: (name, version, local files)."""
    files = workplace / "model"
    files.mkdir()
    (files / "MLmodel").write_text(f"flavors: {{}}\ntest: {request.node.name}\n")
    name = f"loans-{request.node.name}"
    experiment = client.create_experiment(name)
    run = client.create_run(experiment)
    client.log_artifacts(run.info.run_id, str(files), "model")
    client.create_registered_model(name)
    made = client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
    return name, made.version, files


def records(files, accuracy):
    subject = digest_of_folder(files)
    slices = tuple(Measure("recall", 0.8, 0.79, 0.81, 5_000, (("sex", group),)) for group in "FM")
    return [
        Evidence("evaluation", subject, "d" * 64, (Measure("accuracy", accuracy),)),
        Evidence("fairness", subject, "d" * 64, slices),
    ]


def test_a_client_is_refused_with_every_reason(client, version):
    name, number, _ = version
    for promote in (
        lambda: client.set_registered_model_alias(name, "champion", number),
        lambda: client.transition_model_version_stage(name, number, "Production"),
    ):
        with pytest.raises(
            MlflowException, match=r"refused by the policy's section '\*', 2 reasons"
        ) as raised:
            promote()
        assert raised.value.error_code == "PERMISSION_DENIED"
        assert "no evaluation evidence" in str(raised.value)
        assert "no fairness evidence" in str(raised.value)


def test_plain_rest_is_refused_with_403_and_every_reason(client, version, server):
    name, number, _ = version
    calls = {
        "registered-models/alias": {"name": name, "alias": "champion", "version": number},
        "model-versions/transition-stage": {
            "name": name,
            "version": number,
            "stage": "Production",
            "archive_existing_versions": True,
        },
    }
    for path, body in calls.items():
        for root in ("api", "ajax-api"):
            answer = requests.post(f"{server}/{root}/2.0/mlflow/{path}", json=body, timeout=60)
            assert answer.status_code == 403
            assert answer.json()["error_code"] == "PERMISSION_DENIED"
            assert "1. evaluation accuracy" in answer.json()["message"]
            assert "2. fairness recall across sex" in answer.json()["message"]
    assert client.get_registered_model(name).aliases == {}


WAYS_ROUND = {
    "another spelling of the alias": (
        "POST",
        "registered-models/alias",
        {"alias": "CHAMPION", "version": "1"},
        403,
    ),
    "another spelling of the stage": (
        "POST",
        "model-versions/transition-stage",
        {"version": "1", "stage": "pRODUCTION", "archive_existing_versions": False},
        403,
    ),
    "a promotion made up": (
        "POST",
        "model-versions/set-tag",
        {"version": "1", "key": "mlflow_prod.promoted.champion", "value": "x"},
        403,
    ),
    "a reserved tag in capitals": (
        "POST",
        "model-versions/set-tag",
        {"version": "1", "key": "MLflow_Prod.evidence", "value": "x"},
        403,
    ),
    "evidence deleted": (
        "DELETE",
        "model-versions/delete-tag",
        {"version": "1", "key": "mlflow_prod.evidence"},
        403,
    ),
    "evidence at creation": (
        "POST",
        "model-versions/create",
        {"source": "dbfs:/model", "tags": [{"key": "mlflow_prod.evidence", "value": "x"}]},
        403,
    ),
    "an override without a key": (
        "POST",
        "model-versions/set-tag",
        {"version": "1", "key": "mlflow_prod.override", "value": "{}"},
        400,
    ),
    "an alias that is a question": (
        "POST",
        "registered-models/alias",
        {"alias": "mlflow_prod.check.1.champion", "version": "1"},
        400,
    ),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), WAYS_ROUND.values(), ids=WAYS_ROUND.keys())
def test_no_way_round_is_open_by_rest(client, version, server, method, path, body, status):
    name, number, files = version
    client.set_model_version_tag(
        name, number, "mlflow_prod.evidence", pack([attest(record) for record in records(files, 0.1)])
    )
    before = client.get_model_version(name, number)
    answer = requests.request(
        method, f"{server}/api/2.0/mlflow/{path}", json={"name": name, **body}, timeout=60
    )
    assert answer.status_code == status, answer.text
    after = client.get_model_version(name, number)
    assert (after.tags, after.current_stage, after.aliases) == (before.tags, "None", [])


def test_a_question_is_answered_by_rest(client, version, server):
    name, number, _ = version
    asked = {"name": name, "alias": f"mlflow_prod.check.{number}.champion"}
    answer = requests.get(f"{server}/api/2.0/mlflow/registered-models/alias", params=asked, timeout=60)
    tags = {tag["key"]: tag["value"] for tag in answer.json()["model_version"]["tags"]}
    decision = json.loads(tags["mlflow_prod.decision"])
    assert decision["allowed"] is False and "no evaluation evidence" in decision["reasons"][0]


def test_evidence_that_a_client_submits_opens_the_gate(client, version):
    name, number, files = version
    client.set_model_version_tag(
        name, number, "mlflow_prod.evidence", pack([attest(record) for record in records(files, 0.9)])
    )
    tag = client.get_model_version(name, number).tags["mlflow_prod.evidence"]
    assert tag.startswith("evaluation, fairness (2 checks, unsigned, ")
    client.set_registered_model_alias(name, "champion", number)
    moved = client.transition_model_version_stage(name, number, "Production", archive_existing_versions=True)
    assert moved.current_stage == "Production"


def test_whoever_is_not_the_server_reads_files_through_it_one_by_one(client, version):
    name, number, files = version
    for name_within, content in {
        "data/deep/weights": b"w" * 100_000,
        "a blank/größe": b"",
        "empty": b"",
    }.items():
        (files / name_within).parent.mkdir(parents=True, exist_ok=True)
        (files / name_within).write_bytes(content)
    found = client.get_model_version(name, number)
    client.log_artifacts(found.run_id, str(files), "model")
    seen = look_at(found.source)
    assert found.source.startswith("mlflow-artifacts:")
    assert seen.digest == digest_of_folder(files)
    assert seen.unchanged()
    (files / "more").write_text("")
    client.log_artifacts(found.run_id, str(files), "model")
    assert not seen.unchanged()


def test_files_that_were_overwritten_through_the_server_are_found(client, version):
    name, number, files = version
    client.set_model_version_tag(
        name, number, "mlflow_prod.evidence", pack([attest(record) for record in records(files, 0.9)])
    )
    run = client.get_model_version(name, number).run_id
    (files / "MLmodel").write_text("flavors: {}\nevil: true\n")
    client.log_artifacts(run, str(files), "model")
    with pytest.raises(MlflowException, match="no evaluation evidence"):
        client.set_registered_model_alias(name, "champion", number)


def test_evidence_about_other_files_is_a_bad_request(client, version, server, tmp_path):
    name, number, files = version
    (files / "MLmodel").write_text("flavors: {}\nother: true\n")
    body = {
        "name": name,
        "version": number,
        "key": "mlflow_prod.evidence",
        "value": pack([attest(record) for record in records(files, 0.9)]),
    }
    answer = requests.post(f"{server}/api/2.0/mlflow/model-versions/set-tag", json=body, timeout=60)
    assert answer.status_code == 400
    assert "is about files with digest" in answer.json()["message"]


@mlflow.pyfunc.utils.pyfunc
def same(model_input: list[str]) -> list[str]:
    return model_input


def log_a_model(name):
    """A model of MLflow's own making, registered under `name`."""
    with mlflow.start_run():
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=same,
            pip_requirements=[],
            registered_model_name=name,
        )


def assert_the_digest_outlives_every_form_of_loading(client, info, name):
    number = info.registered_model_version
    downloaded = mlflow.artifacts.download_artifacts(info.model_uri)
    subject = digest_of_folder(downloaded)
    evidence = Evidence("evaluation", subject, "d" * 64, (Measure("accuracy", 0.9),))
    client.set_registered_model_alias(name, "beta", number)
    for uri in (
        info.model_uri,
        f"models:/{info.model_id}",
        f"models:/{name}/{number}",
        f"models:/{name}@beta",
        f"runs:/{info.run_id}/model",
        info.artifact_path,
        downloaded,
    ):
        mlflow.pyfunc.load_model(uri)
        assert digest_of_folder(mlflow.artifacts.download_artifacts(uri)) == subject, uri
        # Taken in only if the registry finds the same digest.
        client.set_model_version_tag(name, str(number), "mlflow_prod.evidence", pack([attest(evidence)]))


def test_the_digest_outlives_every_form_of_loading_through_a_server(client):
    assert_the_digest_outlives_every_form_of_loading(client, log_a_model("served"), "served")


def test_the_digest_outlives_every_form_of_loading_locally(workplace):
    info = log_a_model("local")
    assert_the_digest_outlives_every_form_of_loading(MlflowClient(), info, "local")
    folder = next(workplace.glob("mlruns/0/models/*/artifacts"))
    assert (folder / "registered_model_meta").exists()

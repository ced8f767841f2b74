"""Under MLflow's basic-auth the ledger names whoever was let in, and whoever was not leaves no row."""

import secrets
import shutil
import sqlite3
from contextlib import closing

import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.server.auth.client import AuthServiceClient
from mlflow.tracking import MlflowClient

from mlflow_prod.evidence import Approval, Evidence, Measure, attest, digest_of_folder, pack
from tests.serving import mlflow_server

POLICY = """
version: 1
models:
  "*":
    targets: [Production, champion]
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
  "*approve*":
    targets: [Production, champion]
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
    approvals: {at_least: 1, not_by: author}
"""
# The cache: else each request hashes a password anew.
AUTH = """[mlflow]
default_permission = NO_PERMISSIONS
database_uri = sqlite:///{folder}/auth.db
admin_username = root
auth_cache_ttl_seconds = 60
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")


class Office:
    """A server with users, and who of them asks now."""

    def __init__(self, folder, address, passwords, patch):
        self.folder, self.address, self.passwords, self._patch = folder, address, passwords, patch

    def client(self, user):
        """A client that everything from now on is asked through, as `user`."""
        self._patch.setenv("MLFLOW_TRACKING_USERNAME", user)
        self._patch.setenv("MLFLOW_TRACKING_PASSWORD", self.passwords[user])
        return MlflowClient(self.address, self.address)

    def grant(self, user, name, permission):
        self.client("root")
        AuthServiceClient(self.address).grant_user_permission(user, "registered_model", name, permission)

    def post(self, path, body, auth, headers=None):
        return requests.post(
            f"{self.address}/api/2.0/mlflow/{path}", json=body, auth=auth, headers=headers, timeout=60
        )

    def decisions(self, name):
        return self._rows("SELECT author, action, allowed FROM mlflow_prod_decisions", name)

    def evidence(self, name):
        return self._rows("SELECT author FROM mlflow_prod_evidence", name)

    def _rows(self, query, name):
        with closing(sqlite3.connect(self.folder / "mlflow.db")) as connection:
            return connection.execute(f"{query} WHERE model = ? ORDER BY id", [name]).fetchall()


@pytest.fixture(scope="module")
def served(tmp_path_factory, mlflow_tables):
    """(folder, address, passwords) of a server with the users root, alice and bob."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copyfile(mlflow_tables, folder / "mlflow.db")
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "auth.ini").write_text(AUTH.format(folder=folder))
    passwords = {user: secrets.token_urlsafe(24) for user in ("root", "alice", "bob")}
    environment = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": passwords["root"],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_urlsafe(24),
    }
    with mlflow_server(folder, "--app-name", "basic-auth", **environment) as address:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLFLOW_TRACKING_USERNAME", "root")
            patch.setenv("MLFLOW_TRACKING_PASSWORD", passwords["root"])
            for user in ("alice", "bob"):
                AuthServiceClient(address).create_user(user, passwords[user])
        yield folder, address, passwords
        log = (folder / "server.log").read_text()
        assert [user for user, password in passwords.items() if password in log] == []


@pytest.fixture
def office(served, monkeypatch):
    return Office(*served, monkeypatch)


@pytest.fixture
def version(office, tmp_path, request):
    """A version that alice logged, of a model that is hers: (name, version, envelope of good evidence)."""
    files = tmp_path / "model"
    files.mkdir()
    (files / "MLmodel").write_text(f"flavors: {{}}\ntest: {request.node.name}\n")
    name, client = f"loans-{request.node.name}", office.client("alice")
    run = client.create_run(client.create_experiment(name))
    client.log_artifacts(run.info.run_id, str(files), "model")
    client.create_registered_model(name)
    made = client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
    evidence = Evidence("evaluation", digest_of_folder(files), "d" * 64, (Measure("accuracy", 0.9),))
    return name, made.version, pack([attest(evidence)])


def submit(client, name, version, envelope):
    client.set_model_version_tag(name, version, "mlflow_prod.evidence", envelope)


def writes(name, version, envelope):
    """What a user may try: (path, body) of each call that would end in the ledger."""
    return [
        ("registered-models/alias", {"name": name, "alias": "champion", "version": version}),
        (
            "model-versions/transition-stage",
            {"name": name, "version": version, "stage": "Production", "archive_existing_versions": False},
        ),
        (
            "model-versions/set-tag",
            {"name": name, "version": version, "key": "mlflow_prod.evidence", "value": envelope},
        ),
    ]


def assert_nothing_was_written(office, name, version):
    client = office.client("alice")
    assert client.get_registered_model(name).aliases == {}
    assert client.get_model_version(name, version).current_stage == "None"
    assert client.get_model_version(name, version).tags == {}
    assert office.decisions(name) == office.evidence(name) == []


def test_evidence_and_decisions_name_who_was_let_in(office, version):
    name, number, envelope = version
    with pytest.raises(MlflowException, match="no evaluation evidence") as raised:
        office.client("alice").set_registered_model_alias(name, "champion", number)
    assert raised.value.error_code == "PERMISSION_DENIED"
    submit(office.client("alice"), name, number, envelope)
    office.grant("bob", name, "EDIT")
    office.client("bob").set_registered_model_alias(name, "champion", number)
    office.client("root").transition_model_version_stage(name, number, "Production")
    office.client("alice").transition_model_version_stage(name, number, "None")

    assert office.evidence(name) == [("alice",)]
    assert office.decisions(name) == [
        ("alice", "promotion", 0),
        ("bob", "promotion", 1),
        ("root", "promotion", 1),
        ("alice", "withdrawal", 1),
    ]


def test_each_who_submits_is_named(office, version):
    name, number, envelope = version
    office.grant("bob", name, "EDIT")
    submit(office.client("bob"), name, number, envelope)
    submit(office.client("root"), name, number, envelope)
    assert office.evidence(name) == [("bob",), ("root",)]


@pytest.mark.parametrize("permission", ["none", "READ"])
def test_who_may_not_change_a_model_is_turned_away_by_mlflow(office, version, permission):
    name, number, envelope = version
    if permission != "none":
        office.grant("bob", name, permission)
    bob = ("bob", office.passwords["bob"])
    for path, body in writes(name, number, envelope):
        answer = office.post(path, body, bob)
        assert (answer.status_code, answer.text) == (403, "Permission denied")
    assert_nothing_was_written(office, name, number)
    # Not even where the gate itself would allow it.
    submit(office.client("alice"), name, number, envelope)
    for path, body in writes(name, number, envelope):
        assert office.post(path, body, bob).status_code == 403
    assert office.evidence(name) == [("alice",)]
    assert office.decisions(name) == []


@pytest.mark.parametrize("auth", [None, ("alice", "not her password"), ("nobody", "no password")])
def test_who_is_not_known_is_turned_away_by_mlflow(office, version, auth):
    name, number, envelope = version
    for path, body in writes(name, number, envelope):
        assert office.post(path, body, auth).status_code == 401
    assert_nothing_was_written(office, name, number)


FORGED = {
    "X-Forwarded-User": "root",
    "X-Remote-User": "root",
    "Remote-User": "root",
    "X-Forwarded-Preferred-Username": "root",
    "X-MLflow-Authenticated-User": "root",
    "Cookie": "user=root; mlflow_authenticated_user=root",
}


def test_a_name_that_is_merely_claimed_is_not_written(office, version):
    name, number, envelope = version
    alice = ("alice", office.passwords["alice"])
    client = office.client("alice")
    for key in ("mlflow.user", "user", "author"):
        client.set_model_version_tag(name, number, key, "root")
    for path, body in reversed(writes(name, number, envelope)):
        claimed = {**body, "author": "root", "user": "root", "user_id": "root"}
        assert office.post(path, claimed, alice, FORGED).status_code == 200
    assert office.evidence(name) == [("alice",)]
    assert office.decisions(name) == [("alice", "promotion", 1), ("alice", "promotion", 1)]


def test_a_name_that_is_merely_claimed_opens_nothing(office, version):
    name, number, envelope = version
    for path, body in writes(name, number, envelope):
        assert office.post(path, body, None, FORGED).status_code == 401
        claimed = {**body, "author": "alice", "user": "alice", "user_id": "alice"}
        bob = ("bob", office.passwords["bob"])
        assert office.post(path, claimed, bob, FORGED).status_code == 403
    assert_nothing_was_written(office, name, number)


def test_authors_cannot_approve_their_own_work_and_others_can(office, version):
    name, number, envelope = version
    alice = office.client("alice")
    submit(alice, name, number, envelope)
    tag = ("mlflow_prod.approval", Approval(target="champion").model_dump_json())
    alice.set_model_version_tag(name, number, *tag)
    with pytest.raises(MlflowException, match=r"by others than its authors \(alice\), and nobody approved"):
        alice.set_registered_model_alias(name, "champion", number)
    bob = office.client("bob")
    with pytest.raises(MlflowException, match="Permission denied"):
        bob.set_model_version_tag(name, number, *tag)
    office.grant("bob", name, "EDIT")
    office.client("bob").set_model_version_tag(name, number, *tag)
    office.client("alice").set_registered_model_alias(name, "champion", number)
    assert office.decisions(name) == [
        ("alice", "registration", 1),
        ("alice", "approval", 1),
        ("alice", "promotion", 0),
        ("bob", "approval", 1),
        ("alice", "promotion", 1),
    ]

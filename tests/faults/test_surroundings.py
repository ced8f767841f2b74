"""A policy file or files of models that come and go while the registry is in use."""

import pytest
from mlflow.exceptions import MlflowException

from tests.faults.ledger import assert_whole

# Files lie beside any kind of database.
pytestmark = pytest.mark.parametrize("fresh_database", ["sqlite"], indirect=True)


def remove(policy):
    policy.unlink()


def cut(policy):
    policy.write_text(policy.read_text()[:-30])


def empty(policy):
    policy.write_text("")


def spoil(policy):
    policy.write_bytes(b"\xff\xfe\x00")


def hide(policy):
    policy.unlink()
    policy.mkdir()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (remove, "There is no policy at .*: put the file back"),
        (cut, "The policy cannot be held, mend it first: .*policy.yaml, line"),
        (empty, "The policy cannot be held, mend it first: .*policy.yaml"),
        (spoil, "The policy cannot be held, mend it first: .*policy.yaml"),
        (hide, "The policy .*policy.yaml cannot be read: Is a directory"),
    ],
)
def test_without_its_policy_a_registry_reads_and_promotes_nothing(registry, harm, says):
    database, text = registry.uri.removeprefix("gated:"), registry.policy.read_text()
    client = registry.client
    client.set_registered_model_alias("loans", "champion", 1)
    harm(registry.policy)
    for ask in (
        lambda: client.set_registered_model_alias("loans", "champion", 2),
        lambda: client.transition_model_version_stage("loans", 2, "Production"),
    ):
        with pytest.raises(MlflowException, match=says) as raised:
            ask()
        assert raised.value.error_code == "PERMISSION_DENIED"
    assert client.get_model_version_by_alias("loans", "champion").version == 1
    assert len(client.search_model_versions("name = 'loans'")) == 2
    if registry.policy.is_dir():
        registry.policy.rmdir()
    registry.policy.write_text(text)
    client.set_registered_model_alias("loans", "champion", 2)
    assert assert_whole(database) == (2, [])


def test_models_that_are_gone_are_refused_and_taken_once_they_are_back(registry):
    store = registry.folder / "models"
    away = store.rename(registry.folder / "away")
    with pytest.raises(MlflowException, match="cannot be read: no model folder at") as raised:
        registry.client.set_registered_model_alias("loans", "champion", 1)
    assert raised.value.error_code == "PERMISSION_DENIED"
    away.rename(store)
    registry.client.set_registered_model_alias("loans", "champion", 1)
    assert registry.rows("mlflow_prod_decisions", "allowed, subject <> ''") == [(0, 0), (1, 1)]


def test_an_artifact_server_that_does_not_answer_is_refused_in_the_ledger(registry, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    # Nothing listens on port 9 of this machine.
    version = registry.store.create_model_version("loans", "mlflow-artifacts://127.0.0.1:9/model").version
    with pytest.raises(MlflowException, match=r"The files at mlflow-artifacts:.* cannot be read") as raised:
        registry.client.set_registered_model_alias("loans", "champion", version)
    assert raised.value.error_code == "PERMISSION_DENIED"
    assert registry.rows("mlflow_prod_decisions", "version, allowed, subject") == [(3, 0, "")]
    assert assert_whole(registry.uri.removeprefix("gated:")) == (None, [])

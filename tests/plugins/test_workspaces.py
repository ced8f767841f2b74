"""Workspaces are registries apart: nothing that one has shown, decided or lost counts in another."""

from datetime import UTC, datetime, timedelta

import pytest
from mlflow.entities import Workspace
from mlflow.exceptions import MlflowException
from mlflow.store.workspace.sqlalchemy_store import SqlAlchemyStore as WorkspaceStore
from mlflow.utils.workspace_context import WorkspaceContext

from mlflow_prod import registry as rooms
from mlflow_prod.evidence import Override, SigningKey, digest_of_folder, write_envelope
from mlflow_prod.plugins.registry_store import GatedWorkspaceStore

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")
ARCHIVING = """
version: 1
models:
  "*":
    targets: [Production, champion]
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
      - {check: evaluation, measure: accuracy, versus: incumbent, worse_by_at_most: 0}
    on_success: {incumbent: archive}
"""
DECIDED = "workspace, version, action, target, allowed"


@pytest.fixture
def registry(make_registry, monkeypatch, fresh_database):
    """A registry where the workspaces `blue` and `red` each hold the same two versions of `loans`."""
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    with WorkspaceContext("blue"):
        made = make_registry(ARCHIVING)
        made.register(1, 2)
    with WorkspaceContext("red"):
        made.client.create_registered_model("loans")
        made.register(1, 2)
    workspaces = WorkspaceStore(made.store.db_uri)
    for name in ("blue", "red"):
        workspaces.create_workspace(Workspace(name))
    assert isinstance(made.store, GatedWorkspaceStore)
    yield made
    workspaces._engine.dispose()


def promote(registry, version, alias="champion"):
    registry.client.set_registered_model_alias("loans", alias, version)


def refused(registry, version, match):
    with pytest.raises(MlflowException, match=match) as raised:
        promote(registry, version)
    assert raised.value.error_code == "PERMISSION_DENIED"


def state(registry):
    """(holder of champion, stages of the versions, their tags) in the workspace of now."""
    versions = [registry.client.get_model_version("loans", number) for number in (1, 2)]
    return (
        registry.client.get_registered_model("loans").aliases.get("champion"),
        [version.current_stage for version in versions],
        [sorted(version.tags) for version in versions],
    )


UNTOUCHED = (None, ["None", "None"], [[], []])


def test_a_promotion_is_recorded_under_its_workspace(registry):
    with WorkspaceContext("blue"):
        registry.submit(1, registry.evidence(1, 0.9))
        promote(registry, 1)
    assert registry.rows("mlflow_prod_evidence", "workspace, model, version") == [("blue", "loans", 1)]
    assert registry.rows("mlflow_prod_decisions", DECIDED) == [("blue", 1, "promotion", "champion", True)]
    with WorkspaceContext("red"):
        assert state(registry) == UNTOUCHED


def test_evidence_counts_in_its_workspace_alone(registry):
    with WorkspaceContext("blue"):
        registry.submit(1, registry.evidence(1, 0.9))
    with WorkspaceContext("red"):
        refused(registry, 1, "no evaluation evidence")
        registry.submit(1, registry.evidence(1, 0.5))
        refused(registry, 1, "0.5 must be at least 0.8")
    with WorkspaceContext("blue"):
        promote(registry, 1)


def test_a_copy_does_not_leave_its_workspace(registry):
    with WorkspaceContext("blue"):
        registry.submit(1, registry.evidence(1, 0.9))
    with WorkspaceContext("red"):
        copy = registry.client.copy_model_version("models:/loans/1", "elsewhere")
        assert copy.tags == {}
        with pytest.raises(MlflowException, match="no evaluation evidence"):
            registry.client.set_registered_model_alias("elsewhere", "champion", copy.version)


def test_a_refusal_leaves_the_other_workspace_alone(registry):
    with WorkspaceContext("red"):
        registry.submit(1, registry.evidence(1, 0.9))
        promote(registry, 1)
        before = state(registry)
    with WorkspaceContext("blue"):
        refused(registry, 1, "no evaluation evidence")
        assert state(registry) == UNTOUCHED
    with WorkspaceContext("red"):
        assert state(registry) == before
    assert registry.rows("mlflow_prod_decisions", DECIDED) == [
        ("red", 1, "promotion", "champion", True),
        ("blue", 1, "promotion", "champion", False),
    ]


def test_the_incumbent_is_that_of_the_workspace(registry):
    with WorkspaceContext("blue"):
        registry.submit(1, registry.evidence(1, 0.95))
        registry.submit(2, registry.evidence(2, 0.9))
        promote(registry, 1)
        refused(registry, 2, "version 1, by -0.05")
    with WorkspaceContext("red"):
        registry.submit(2, registry.evidence(2, 0.9))
        promote(registry, 2)
    subjects = registry.rows("mlflow_prod_decisions", "workspace, allowed, incumbent = ''")
    assert subjects == [("blue", True, True), ("blue", False, False), ("red", True, True)]


def test_a_promotion_archives_in_its_workspace_alone(registry):
    for name in ("blue", "red"):
        with WorkspaceContext(name):
            registry.submit(1, registry.evidence(1, 0.9))
            registry.client.transition_model_version_stage("loans", 1, "Production")
    with WorkspaceContext("blue"):
        registry.submit(2, registry.evidence(2, 0.95))
        registry.client.transition_model_version_stage("loans", 2, "Production")
        assert state(registry)[1] == ["Archived", "Production"]
    with WorkspaceContext("red"):
        assert state(registry)[1] == ["Production", "None"]
    withdrawn = [row for row in registry.rows("mlflow_prod_decisions", DECIDED) if row[2] == "withdrawal"]
    assert withdrawn == [("blue", 1, "withdrawal", "production", True)]


@pytest.mark.parametrize(
    "withdraw",
    [
        lambda client: client.delete_registered_model_alias("loans", "champion"),
        lambda client: client.delete_model_version("loans", "1"),
        lambda client: client.delete_registered_model("loans"),
    ],
    ids=["alias", "version", "model"],
)
def test_a_withdrawal_is_one_of_its_workspace(registry, withdraw):
    for name in ("blue", "red"):
        with WorkspaceContext(name):
            registry.submit(1, registry.evidence(1, 0.9))
            promote(registry, 1)
    with WorkspaceContext("red"):
        before = state(registry)
    with WorkspaceContext("blue"):
        withdraw(registry.client)
    with WorkspaceContext("red"):
        assert state(registry) == before
    assert registry.rows("mlflow_prod_decisions", DECIDED)[2:] == [
        ("blue", 1, "withdrawal", "champion", True)
    ]


def test_a_name_is_renamed_in_its_workspace_alone(registry):
    with WorkspaceContext("blue"):
        registry.submit(1, registry.evidence(1, 0.9))
        promote(registry, 1)
    with WorkspaceContext("red"):
        registry.client.rename_registered_model("loans", "credit")
    with WorkspaceContext("blue"):
        assert state(registry)[0] == 1
        with pytest.raises(MlflowException, match="cannot be renamed"):
            registry.client.rename_registered_model("loans", "credit")


def test_who_held_what_is_told_for_each_workspace(registry):
    for name, number in (("blue", 1), ("red", 2)):
        with WorkspaceContext(name):
            registry.submit(number, registry.evidence(number, 0.9))
            promote(registry, number)
    with WorkspaceContext("red"):
        registry.client.delete_registered_model_alias("loans", "champion")
    now = datetime.now(UTC) + timedelta(seconds=1)
    with registry.store.engine.connect() as connection:
        held = rooms.who_held(connection, "champion", now)
        assert list(rooms.faults(connection)) == []
    assert [(one.workspace, one.model, one.version) for one in held] == [("blue", "loans", 1)]

    with WorkspaceContext("red"):
        promote(registry, 2)
    now = datetime.now(UTC) + timedelta(seconds=1)
    with registry.store.engine.connect() as connection:
        held = rooms.who_held(connection, "champion", now, "loans")
    assert [(one.workspace, one.version) for one in held] == [("blue", 1), ("red", 2)]


def test_an_override_that_was_used_in_one_workspace_is_good_in_no_other(registry):
    key = SigningKey.new()
    registry.policy.write_text(
        ARCHIVING.replace("version: 1\n", f'version: 1\nsigners: {{oncall: {{ed25519: "{key.public}"}}}}\n')
        + "    override_by: [oncall]\n"
    )
    word = Override(
        digest_of_folder(registry.files(1)), "loans", "1", "champion", "Ann", "it is down", datetime.now(UTC)
    )
    envelope = write_envelope(word.sign(key))
    with WorkspaceContext("blue"):
        registry.client.set_model_version_tag("loans", "1", "mlflow_prod.override", envelope)
    with WorkspaceContext("red"):
        with pytest.raises(MlflowException, match="the override was used already"):
            registry.client.set_model_version_tag("loans", "1", "mlflow_prod.override", envelope)
        assert state(registry) == UNTOUCHED
    assert registry.rows("mlflow_prod_decisions", DECIDED) == [("blue", 1, "override", "champion", True)]


def test_without_a_workspace_nothing_is_decided(registry):
    for ask in (
        lambda: promote(registry, 1),
        lambda: registry.client.transition_model_version_stage("loans", 1, "Production"),
        lambda: registry.submit(1, registry.evidence(1, 0.9)),
        lambda: registry.client.delete_registered_model("loans"),
    ):
        with pytest.raises(MlflowException, match="Active workspace is required"):
            ask()
    assert registry.rows("mlflow_prod_decisions") == []

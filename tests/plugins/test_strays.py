"""Who holds a protected target past the gate, or since before it, is found until it is adopted."""

from datetime import UTC, datetime

import pytest
from mlflow.entities.model_registry import RegisteredModelTag
from sqlalchemy import text

from mlflow_prod.evidence import digest_of_folder, promoted_digest
from mlflow_prod.plugins.strays import strays
from mlflow_prod.registry import NoPolicy, faults, last_promotion, parse, registrant, who_held
from tests.plugins.conftest import POLICY

GATED = """
version: 1
models:
  loans:
    every_version: true
    require: [{check: evaluation, measure: accuracy, at_least: 0.8}]
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")


def found(registry, policy=POLICY):
    """(version, target) of each stray; the chains are whole all the while."""
    judged = parse(policy.encode()) if isinstance(policy, str) else policy
    with registry.store.engine.connect() as connection:
        assert list(faults(connection)) == []
        return [(one.version, one.target.name) for one in strays(connection, judged)]


def write(registry, *statements):
    with registry.store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def adopt(registry, version):
    registry.client.set_model_version_tag("loans", version, "mlflow_prod.adoption", "{}")


def promote(registry, version, alias="champion", accuracy=0.9):
    registry.submit(version, registry.evidence(version, accuracy))
    registry.client.set_registered_model_alias("loans", alias, str(version))


def test_what_the_gate_gave_or_saw_go_is_known(registry):
    promote(registry, 1)
    promote(registry, 2, accuracy=0.95)
    registry.client.transition_model_version_stage("loans", "2", "Production")
    registry.client.set_registered_model_alias("loans", "beta", "1")
    assert found(registry) == []
    registry.client.delete_registered_model_alias("loans", "champion")
    assert found(registry) == []


def test_what_was_held_before_the_gate_is_adopted(make_registry):
    registry = make_registry("version: 1\nmodels: {}\n")
    registry.register(1, 2)
    registry.client.set_registered_model_alias("loans", "champion", "1")
    registry.client.transition_model_version_stage("loans", "2", "Production")
    registry.policy.write_text(POLICY)
    assert found(registry) == [(1, "champion"), (2, "Production")]
    adopt(registry, "1")
    assert found(registry) == [(2, "Production")]
    adopt(registry, "2")
    assert found(registry) == []


def test_an_alias_that_was_moved_in_the_database_is_found_and_adopted(registry):
    promote(registry, 1)
    write(registry, "UPDATE registered_model_aliases SET version = 2")
    assert found(registry) == [(2, "champion")]
    adopt(registry, "2")
    assert found(registry) == []
    rows = registry.rows("mlflow_prod_decisions", "action, version")
    assert rows == [("promotion", 1), ("withdrawal", 1), ("adoption", 2)]
    # Back again, as it was withdrawn: known by the bytes that were promoted.
    good = digest_of_folder(registry.files(1))
    (registry.files(1) / "MLmodel").write_text("evil")
    write(registry, "UPDATE registered_model_aliases SET version = 1")
    assert found(registry) == [(1, "champion")]
    adopt(registry, "1")
    assert found(registry) == []
    tags = registry.client.get_model_version("loans", "1").tags
    assert promoted_digest(tags, "champion") == good


def test_an_alias_in_two_spellings_is_adopted_for_both(make_registry):
    registry = make_registry("version: 1\nmodels: {}\n")
    registry.register(1, 2)
    registry.client.set_registered_model_alias("loans", "champion", "1")
    # On MariaDB that moves it.
    registry.client.set_registered_model_alias("loans", "CHAMPION", "2")
    registry.policy.write_text(POLICY)
    for version, _ in found(registry):
        adopt(registry, str(version))
    assert found(registry) == []


def test_a_version_loses_an_alias_with_its_last_spelling(registry):
    promote(registry, 1)
    registry.client.set_registered_model_alias("loans", "Champion", "1")
    spellings = set(registry.client.get_registered_model("loans").aliases)
    for left, spelling in reversed(list(enumerate(sorted(spellings)))):
        assert "withdrawal" not in [action for (action,) in registry.rows("mlflow_prod_decisions", "action")]
        registry.client.delete_registered_model_alias("loans", spelling)
        with registry.store.engine.connect() as connection:
            assert len(who_held(connection, "champion", datetime.now(UTC))) == bool(left)
        assert found(registry) == []
    assert registry.rows("mlflow_prod_decisions", "action")[-1] == ("withdrawal",)


def test_a_version_that_goes_with_two_spellings_is_withdrawn_once(registry):
    promote(registry, 1)
    registry.client.set_registered_model_alias("loans", "Champion", "1")
    registry.client.delete_model_version("loans", "1")
    actions = [action for (action,) in registry.rows("mlflow_prod_decisions", "action")]
    assert actions.count("withdrawal") == 1


def test_prompts_and_what_nobody_protects_are_left_alone(registry):
    registry.store.create_registered_model(
        "greeting", [RegisteredModelTag("mlflow.prompt.is_prompt", "true")]
    )
    registry.store.create_model_version("greeting", "prompt-template")
    registry.store.set_registered_model_alias("greeting", "champion", "1")
    registry.client.set_registered_model_alias("loans", "beta", "1")
    assert found(registry) == []
    nothing_read = NoPolicy("gone", everything=True)
    assert found(registry, nothing_read) == [(1, ""), (1, "beta"), (2, "")]


@pytest.fixture
def gated(make_registry):
    """A registry whose model `loans` takes only what passes, and took version 1."""
    registry = make_registry(GATED)
    registry.client.create_registered_model("origin")
    registry.register(1, name="origin")
    registry.submit(1, registry.evidence(1, 0.9), name="origin")
    registry.client.copy_model_version("models:/origin/1", "loans")
    return registry


def slip_in(registry, number):
    """A version of `loans` past the gate."""
    registry.register(number, name="origin")
    copied = "storage_location, current_stage, creation_time, last_updated_time, status, workspace"
    write(
        registry,
        f"INSERT INTO model_versions (name, version, source, {copied}) SELECT 'loans', {number}, "
        f"'{registry.files(number)}', {copied} FROM model_versions WHERE name = 'loans' AND version = 1",
        f"UPDATE model_versions SET storage_location = '{registry.files(number)}' "
        f"WHERE name = 'loans' AND version = {number}",
    )


def test_a_version_that_was_put_into_a_gated_model_is_found_and_adopted_or_deleted(gated):
    assert found(gated, GATED) == []
    slip_in(gated, 2)
    slip_in(gated, 3)
    assert found(gated, GATED) == [(2, ""), (3, "")]
    assert found(gated, POLICY) == []
    adopt(gated, "2")
    gated.client.delete_model_version("loans", "3")
    assert found(gated, GATED) == []
    adopt(gated, "1")
    adopt(gated, "2")
    actions = gated.rows("mlflow_prod_decisions", "action, version")
    assert actions == [("promotion", 1), ("adoption", 2)]


def test_whoever_adopts_a_version_is_not_its_author_nor_the_version_an_incumbent(gated):
    slip_in(gated, 2)
    adopt(gated, "2")
    with gated.store.engine.connect() as connection:
        assert registrant(connection, "default", "loans", 2) is None
        assert last_promotion(connection, "default", "loans", "model", "").version == 1


def test_what_is_not_protected_is_adopted_without_a_look_at_its_files(registry):
    (registry.files(1) / "MLmodel").unlink()
    adopt(registry, "1")
    assert registry.rows("mlflow_prod_decisions") == []

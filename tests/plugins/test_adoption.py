import json

import pytest
from mlflow.exceptions import MlflowException

from mlflow_prod.evidence import digest_of_folder, promoted_digest
from mlflow_prod.registry import faults
from tests.plugins.conftest import POLICY


@pytest.fixture
def held(make_registry):
    """A registry where version 1 held champion and Production before there was a policy for them."""
    registry = make_registry("version: 1\nmodels: {}\n")
    registry.register(1, 2)
    registry.client.set_registered_model_alias("loans", "champion", "1")
    registry.client.set_registered_model_alias("loans", "beta", "1")
    registry.client.transition_model_version_stage("loans", "1", "Production")
    registry.policy.write_text(POLICY)
    return registry


def adopt(registry, version="1", text='{"note": "as it was"}'):
    registry.client.set_model_version_tag("loans", version, "mlflow_prod.adoption", text)


def test_what_is_held_since_before_is_taken_in_once(held):
    adopt(held)
    adopt(held)
    rows = held.rows("mlflow_prod_decisions", "action, kind, target, version, notes")
    assert sorted(map(tuple, rows)) == [
        ("adoption", "alias", "champion", 1, '["as it was"]'),
        ("adoption", "stage", "production", 1, '["as it was"]'),
    ]
    tags = held.client.get_model_version("loans", "1").tags
    assert promoted_digest(tags, "champion") == digest_of_folder(held.files(1))
    with held.store.engine.connect() as connection:
        assert list(faults(connection)) == []


def test_it_gives_nothing_to_a_version_that_holds_nothing(held):
    adopt(held, "2")
    assert held.rows("mlflow_prod_decisions") == []
    assert held.client.get_registered_model("loans").aliases.keys() == {"champion", "beta"}


def test_what_the_ledger_knows_is_left_alone(held):
    held.submit(1, held.evidence(1, 0.8))
    held.submit(2, held.evidence(2, 0.9))
    held.client.set_registered_model_alias("loans", "champion", "2")
    before = held.rows("mlflow_prod_decisions")
    adopt(held, "2")
    assert held.rows("mlflow_prod_decisions") == before


def test_who_was_adopted_is_known_by_its_files_even_when_they_are_gone(held):
    adopt(held)
    (held.files(1) / "MLmodel").unlink()
    held.submit(2, held.evidence(2, 0.9))
    with pytest.raises(
        MlflowException, match="there is no evaluation evidence about the incumbent, version 1"
    ):
        held.client.set_registered_model_alias("loans", "champion", "2")


def test_an_adopted_version_may_come_back(held):
    adopt(held)
    held.submit(2, held.evidence(2, 0.9), held.evidence(2, 0.9, "fairness"))
    held.policy.write_text(POLICY.split("      - {check: evaluation, measure: accuracy, versus")[0])
    held.client.set_registered_model_alias("loans", "champion", "2")
    held.policy.write_text(POLICY.replace("    require:", "    rollback: previous\n    require:"))
    held.client.set_registered_model_alias("loans", "champion", "1")
    assert held.rows("mlflow_prod_decisions", "action, version")[-2:] == [("rollback", 1), ("withdrawal", 2)]


def test_files_that_cannot_be_read_are_not_adopted(held):
    (held.files(1) / "MLmodel").unlink()
    with pytest.raises(MlflowException, match="cannot be read") as wrong:
        adopt(held)
    assert wrong.value.get_http_status_code() == 400


def test_a_question_leaves_no_trace_and_tells_everything(held):
    found = held.client.get_model_version_by_alias("loans", "mlflow_prod.check.2.champion")
    decision = json.loads(found.tags["mlflow_prod.decision"])
    assert decision["allowed"] is False
    assert decision["subject"] == digest_of_folder(held.files(2))
    assert decision["policy"] and decision["section"] == "*"
    assert any("there is no evaluation evidence" in reason for reason in decision["reasons"])
    beta = held.client.get_model_version_by_alias("loans", "mlflow_prod.check.2.beta")
    assert json.loads(beta.tags["mlflow_prod.decision"])["notes"] == ["No rule protects this target."]
    assert held.rows("mlflow_prod_decisions") == []
    assert "mlflow_prod.decision" not in held.client.get_model_version("loans", "2").tags


@pytest.mark.parametrize(
    ("alias", "says"),
    [
        ("mlflow_prod.check.9.champion", "version=9\\) not found"),
        ("mlflow_prod.check.x.champion", "version"),
        ("mlflow_prod.check.1.", "target"),
        ("mlflow_prod.other.champion", "Invalid alias name"),
    ],
)
def test_a_question_about_nothing_is_a_bad_request(held, alias, says):
    with pytest.raises(MlflowException, match=says) as wrong:
        held.client.get_model_version_by_alias("loans", alias)
    assert wrong.value.get_http_status_code() in (400, 404)

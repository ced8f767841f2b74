import json

import pytest
from mlflow.entities.model_registry import RegisteredModelTag
from mlflow.exceptions import MlflowException

from mlflow_prod.evidence import Approval, promoted_digest
from tests.plugins.conftest import POLICY
from tests.plugins.test_approvals import signed_in

GATED = """
version: 1
models:
  "*-prod":
    every_version: true
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
      - {check: evaluation, measure: accuracy, versus: incumbent, worse_by_at_most: 0}
"""


@pytest.fixture
def gated(make_registry):
    """A registry with two versions of `loans`, and `loans-prod`, which takes only what passes."""
    registry = make_registry(GATED)
    registry.register(1, 2)
    registry.client.create_registered_model("loans-prod")
    return registry


def copy(registry, version, into="loans-prod"):
    return registry.client.copy_model_version(f"models:/loans/{version}", into)


def versions(registry, name="loans-prod"):
    return [str(one.version) for one in registry.client.search_model_versions(f"name = '{name}'")]


def test_a_copy_without_evidence_is_refused_with_the_reason(gated):
    with pytest.raises(MlflowException) as refused:
        copy(gated, 1)
    assert "models:/loans/1 to loans-prod as a new version: refused" in str(refused.value)
    assert "there is no evaluation evidence" in str(refused.value)
    assert versions(gated) == []
    rows = gated.rows("mlflow_prod_decisions", "model, version, kind, allowed")
    assert [(model, version, kind, bool(allowed)) for model, version, kind, allowed in rows] == [
        ("loans-prod", 0, "model", False)
    ]


def test_evidence_about_the_files_lets_the_copy_in(gated):
    gated.submit(1, gated.evidence(1, 0.9))
    made = copy(gated, 1)
    assert versions(gated) == ["1"]
    tags = gated.client.get_model_version("loans-prod", str(made.version)).tags
    assert tags["mlflow_prod.evidence"].startswith("evaluation (1 check")
    assert promoted_digest(tags, "") == gated.evidence(1, 0.9).subject
    assert gated.rows("mlflow_prod_decisions", "action, model, version")[-1] == ("promotion", "loans-prod", 1)


def test_the_version_before_is_the_incumbent(gated):
    gated.submit(1, gated.evidence(1, 0.9))
    gated.submit(2, gated.evidence(2, 0.85))
    copy(gated, 1)
    with pytest.raises(MlflowException, match=r"version 1, by -0\.05"):
        copy(gated, 2)


def test_a_folder_is_let_in_on_the_same_terms(gated):
    with pytest.raises(MlflowException, match="there is no evaluation evidence"):
        gated.client.create_model_version("loans-prod", str(gated.files(1)))
    gated.submit(1, gated.evidence(1, 0.9))
    gated.client.create_model_version("loans-prod", str(gated.files(1)))
    assert versions(gated) == ["1"]


def test_a_model_with_versions_cannot_become_a_gated_one_by_its_name(gated):
    with pytest.raises(MlflowException, match="copy them into it one by one") as refused:
        gated.client.rename_registered_model("loans", "cars-prod")
    assert refused.value.get_http_status_code() == 403
    gated.client.create_registered_model("empty")
    gated.client.rename_registered_model("empty", "empty-prod")


def test_other_models_take_versions_as_ever_and_leave_no_trace(gated):
    copy(gated, 1, into="playground")
    assert versions(gated, "playground") == ["1"]
    assert gated.rows("mlflow_prod_decisions") == []


def test_a_prompt_is_no_model(gated):
    prompt = [RegisteredModelTag("mlflow.prompt.is_prompt", "true")]
    gated.store.create_registered_model("hello-prod", tags=prompt)
    gated.store.create_model_version("hello-prod", "prompt-template")
    assert versions(gated, "hello-prod") == ["1"]


def test_a_copy_can_be_asked_about_beforehand(gated):
    found = gated.client.get_model_version_by_alias("loans", "mlflow_prod.check.1.models:/loans-prod")
    decision = json.loads(found.tags["mlflow_prod.decision"])
    assert (decision["allowed"], decision["model"], decision["target"]) == (False, "loans-prod", "")
    assert gated.rows("mlflow_prod_decisions") == []


def test_while_the_policy_is_broken_no_model_takes_a_version(gated):
    gated.policy.write_text("version: 2\n")
    with pytest.raises(MlflowException, match="The policy cannot be held, mend it first"):
        gated.client.create_model_version("loans", str(gated.files(1)))
    assert gated.client.get_model_version("loans", "1")


def test_a_copy_is_approved_for_the_model_it_goes_to(gated):
    gated.policy.write_text(
        GATED.replace("    require:", "    approvals: {at_least: 1, not_by: author}\n    require:")
    )
    gated.submit(1, gated.evidence(1, 0.9))
    with pytest.raises(MlflowException, match="nobody approved"):
        copy(gated, 1)
    with signed_in("bob"):
        text = Approval(target="models:/loans-prod").model_dump_json()
        gated.client.set_model_version_tag("loans", "1", "mlflow_prod.approval", text)
    copy(gated, 1)


def test_a_copy_bears_its_evidence_and_nothing_else_of_the_gate(make_registry):
    registry = make_registry(POLICY)
    registry.register(1)
    registry.submit(1, registry.evidence(1, 0.9))
    registry.client.set_registered_model_alias("loans", "champion", "1")
    made = copy(registry, 1, into="cars")
    tags = registry.client.get_model_version("cars", str(made.version)).tags
    assert set(tags) == {"mlflow_prod.evidence"}

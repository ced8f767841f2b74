import getpass
import time

import pytest
from mlflow.exceptions import MlflowException

from mlflow_prod.evidence import Revocation
from tests.plugins.conftest import POLICY

RULE = "      - {check: evaluation, measure: accuracy, at_least: 0.8, max_age: 7 d}\n"
BACK = POLICY.replace("    require:", "    rollback: previous\n    require:")


@pytest.fixture
def make_history(make_registry):
    """A function of versions: a registry where each was champion in turn, better than the one before."""

    def make(*versions, policy=BACK):
        registry = make_registry(policy)
        registry.register(*range(1, max(versions) + 1))
        for version in versions:
            registry.submit(version, registry.evidence(version, 0.8 + version / 100))
            registry.client.set_registered_model_alias("loans", "champion", str(version))
        return registry

    return make


def ask(registry, version):
    registry.client.set_registered_model_alias("loans", "champion", str(version))


def champion(registry):
    return str(registry.client.get_registered_model("loans").aliases.get("champion"))


def actions(registry):
    return [
        (action, version)
        for action, version in registry.rows("mlflow_prod_decisions", "action, version")
        if action != "withdrawal"
    ]


def test_the_version_before_comes_back_though_it_is_worse(make_history):
    registry = make_history(1, 2)
    ask(registry, 1)
    assert champion(registry) == "1"
    assert actions(registry)[-1] == ("rollback", 1)
    ((notes,),) = registry.rows("mlflow_prod_decisions WHERE action = 'rollback'", "notes")
    assert "It held this target before" in notes and "Not met: evaluation accuracy differs" in notes


def test_without_the_key_in_the_policy_it_does_not(make_history):
    registry = make_history(1, 2, policy=POLICY)
    with pytest.raises(MlflowException, match="may prove"):
        ask(registry, 1)


def test_only_the_version_before_the_last_comes_back(make_history):
    registry = make_history(1, 2, 3)
    with pytest.raises(MlflowException, match="refused"):
        ask(registry, 1)
    ask(registry, 2)
    ask(registry, 1)
    assert champion(registry) == "1"


def test_what_was_rolled_back_does_not_come_forward_without_evidence(make_history):
    registry = make_history(1, 2, policy=BACK)
    ask(registry, 1)
    registry.policy.write_text(BACK + RULE.replace("0.8", "0.99"))
    with pytest.raises(MlflowException, match=r"at least 0\.99"):
        ask(registry, 2)


def test_a_version_that_was_withdrawn_does_not_come_back_and_the_one_before_does(make_history):
    registry = make_history(1, 2)
    registry.client.delete_registered_model_alias("loans", "champion")
    ask(registry, 1)
    assert champion(registry) == "1"


def test_revoked_evidence_keeps_a_version_from_coming_back(make_history):
    registry = make_history(1, 2)
    text = Revocation(check="evaluation", reason="the test set leaked").model_dump_json()
    registry.client.set_model_version_tag("loans", "1", "mlflow_prod.revocation", text)
    tags = registry.client.get_model_version("loans", "1").tags
    assert tags["mlflow_prod.evidence"] == "none that counts"
    assert tags["mlflow_prod.revocation"].endswith(": the test set leaked")
    said = (
        f"the evaluation evidence about these files .* was revoked by {getpass.getuser()} on 20.* UTC: run "
    )
    with pytest.raises(
        MlflowException, match=said + "the entry point evaluate, -P model_uri=models:/loans/1"
    ):
        ask(registry, 1)
    # Evidence knows seconds: what was made in the one of the revocation counts as older.
    time.sleep(1)
    registry.submit(1, registry.evidence(1, 0.9))
    ask(registry, 1)


def test_older_evidence_than_its_revocation_is_not_taken_in(make_history):
    registry = make_history(1)
    record = registry.evidence(1, 0.9)
    text = Revocation(check="evaluation", reason="wrong").model_dump_json()
    registry.client.set_model_version_tag("loans", "1", "mlflow_prod.revocation", text)
    with pytest.raises(MlflowException, match="revoked") as wrong:
        registry.submit(1, record)
    assert wrong.value.get_http_status_code() == 400


def test_what_was_never_submitted_cannot_be_revoked(make_history):
    registry = make_history(1)
    text = Revocation(check="evalution", reason="x").model_dump_json()
    with pytest.raises(MlflowException, match="did you mean 'evaluation'"):
        registry.client.set_model_version_tag("loans", "1", "mlflow_prod.revocation", text)


def test_changed_files_do_not_come_back(make_history):
    registry = make_history(1, 2)
    (registry.files(1) / "MLmodel").write_text("flavors: {}\nnumber: 7\n")
    with pytest.raises(MlflowException, match="there is no evaluation evidence about these files"):
        ask(registry, 1)


def test_a_stage_comes_back_too(make_registry):
    registry = make_registry(BACK)
    registry.register(1, 2)
    for version in (1, 2):
        registry.submit(version, registry.evidence(version, 0.8 + version / 100))
        registry.client.transition_model_version_stage("loans", str(version), "Production", True)
    registry.client.transition_model_version_stage("loans", "1", "Production", True)
    assert actions(registry)[-1] == ("rollback", 1)


def test_the_version_that_would_come_back_is_told(make_history):
    registry = make_history(1, 2)
    found = registry.client.get_model_version_by_alias("loans", "mlflow_prod.previous.champion")
    assert str(found.version) == "1"
    with pytest.raises(MlflowException, match="No version of loans held Production before"):
        registry.client.get_model_version_by_alias("loans", "mlflow_prod.previous.Production")

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from mlflow.exceptions import MlflowException

from mlflow_prod.evidence import (
    Override,
    SigningKey,
    attest,
    digest_of_folder,
    promoted_digest,
    write_envelope,
)
from tests.plugins.conftest import POLICY

ONCALL, CI = SigningKey.new(), SigningKey.new()
SIGNERS = f"""version: 1
signers:
  oncall: {{ed25519: "{ONCALL.public}"}}
  ci: {{ed25519: "{CI.public}"}}
"""
OVERRIDABLE = POLICY.replace("version: 1\n", SIGNERS).replace(
    "    require:", "    override_by: [oncall]\n    require:"
)


@pytest.fixture
def refused(make_registry):
    """A registry that refuses version 1 for want of evidence."""
    registry = make_registry(OVERRIDABLE)
    registry.register(1, 2)
    return registry


def word(registry, version="1", target="champion"):
    subject = digest_of_folder(registry.files(version))
    return Override(subject, "loans", version, target, "Ann Lee", "the old one is down", datetime.now(UTC))


def send(registry, override, key=ONCALL, version="1"):
    envelope = write_envelope(override.sign(key))
    registry.client.set_model_version_tag("loans", version, "mlflow_prod.override", envelope)


def holder(registry, alias="champion"):
    return registry.client.get_registered_model("loans").aliases.get(alias)


@pytest.mark.parametrize("target", ["champion", "production"])
def test_a_signed_word_promotes_against_the_rules_and_is_written_down(refused, target):
    send(refused, word(refused, target=target))
    held = refused.client.get_model_version("loans", "1")
    assert held.current_stage == "Production" if target == "production" else held.aliases == ["champion"]
    ((action, notes),) = refused.rows("mlflow_prod_decisions", "action, notes")
    assert action == "override"
    assert "Overridden by Ann Lee, signed by oncall: the old one is down" in notes
    assert "Not met: evaluation accuracy: there is no evaluation evidence" in notes
    tag = held.tags[f"mlflow_prod.promoted.{target}"]
    assert "Overridden by Ann Lee" in tag
    assert promoted_digest(held.tags, target) == digest_of_folder(refused.files(1))
    assert "mlflow_prod.override" not in held.tags


def test_a_later_decision_clears_it_from_the_version(refused):
    send(refused, word(refused))
    refused.submit(1, refused.evidence(1, 0.9))
    refused.client.set_registered_model_alias("loans", "champion", "1")
    tag = refused.client.get_model_version("loans", "1").tags["mlflow_prod.promoted.champion"]
    assert "promotion, sha256" in tag and "Ann Lee" not in tag


def test_an_override_is_good_for_one_promotion(refused):
    override = word(refused)
    send(refused, override)
    refused.client.delete_registered_model_alias("loans", "champion")
    with pytest.raises(MlflowException, match="used already"):
        send(refused, override)
    assert holder(refused) is None
    send(refused, word(refused))
    assert str(holder(refused)) == "1"


WRONG = {
    "an old one": ({"made_at": datetime.now(UTC) - timedelta(hours=1)}, "is good for 5 minutes"),
    "one from the future": ({"made_at": datetime.now(UTC) + timedelta(hours=1)}, "is good for 5 minutes"),
    "other files": ({"subject": "0" * 64}, "is for files with digest 000000000000, and loans 1 holds"),
    "another version": ({"version": "2"}, "is for loans 2, not for loans 1"),
    "another model": ({"model": "cars"}, "is for cars 1, not for loans 1"),
    "what nobody protects": ({"target": "beta"}, "beta of loans is not protected"),
}


@pytest.mark.parametrize(("change", "says"), WRONG.values(), ids=WRONG.keys())
def test_an_override_for_something_else_is_a_bad_request(refused, change, says):
    with pytest.raises(MlflowException, match=says) as wrong:
        send(refused, replace(word(refused), **change))
    assert wrong.value.get_http_status_code() == 400
    assert holder(refused) is None and refused.rows("mlflow_prod_decisions") == []


@pytest.mark.parametrize("key", [CI, SigningKey.new()], ids=["another signer", "an unknown key"])
def test_only_who_the_policy_names_may_override(refused, key):
    with pytest.raises(MlflowException, match="must be signed by oncall"):
        send(refused, word(refused), key)
    assert holder(refused) is None


def test_without_override_by_nobody_may(make_registry):
    registry = make_registry(POLICY.replace("version: 1\n", SIGNERS))
    registry.register(1)
    with pytest.raises(MlflowException, match="the policy names nobody under override_by"):
        send(registry, word(registry))


def test_what_the_gate_allows_needs_no_override(refused):
    refused.submit(1, refused.evidence(1, 0.9))
    with pytest.raises(MlflowException, match="allows it without an override"):
        send(refused, word(refused))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "override must be JSON"),
        ("{}", "a DSSE envelope must have the keys"),
        ("x" * 40_000, "override must be at most 32,000 characters"),
    ],
)
def test_what_is_no_override_is_a_bad_request(refused, text, says):
    with pytest.raises(MlflowException, match=says):
        refused.client.set_model_version_tag("loans", "1", "mlflow_prod.override", text)


def test_evidence_is_no_override(refused):
    envelope = write_envelope(attest(refused.evidence(1, 0.9), ONCALL))
    with pytest.raises(MlflowException, match="predicateType must be 'urn:mlflow-prod:override:1'"):
        refused.client.set_model_version_tag("loans", "1", "mlflow_prod.override", envelope)


def test_a_changed_override_is_not_taken(refused):
    signed = word(refused).sign(ONCALL)
    forged = replace(signed, statement=signed.statement.replace("Ann Lee", "Bob Roy"))
    with pytest.raises(MlflowException, match="must be signed by oncall"):
        refused.client.set_model_version_tag("loans", "1", "mlflow_prod.override", write_envelope(forged))

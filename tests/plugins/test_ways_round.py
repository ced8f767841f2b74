"""Ways that somebody with the registry's API, and the artifacts, tried to get past the gate."""

from datetime import UTC, datetime, timedelta

import pytest
from mlflow.entities.model_registry import RegisteredModelTag
from mlflow.exceptions import MlflowException

from mlflow_prod.evidence import Approval, Attestation, Revocation, SigningKey, attest, digest_of_folder, pack
from mlflow_prod.evidence.attestation import Signature
from mlflow_prod.plugins import hearing, promotions
from tests.plugins.conftest import POLICY
from tests.plugins.test_approvals import APPROVED, signed_in
from tests.plugins.test_gated_models import GATED, copy

CI, AUDIT = SigningKey.new(), SigningKey.new()
SIGNED_BY_EITHER = """
version: 1
signers:
  ci: {{ed25519: "{ci}"}}
  audit: {{ed25519: "{audit}"}}
models:
  "*":
    targets: [champion]
    signed_by: [ci, audit]
    require:
      - {{check: evaluation, measure: accuracy, at_least: 0.8}}
"""
BOTH = """
version: 1
models:
  "*-prod":
    every_version: true
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
  loans:
    targets: [champion]
    require:
      - {check: evaluation, measure: accuracy, at_least: 0.8}
"""
PROMPT = RegisteredModelTag("mlflow.prompt.is_prompt", "true")


def ask(registry, version, alias="champion", name="loans"):
    registry.client.set_registered_model_alias(name, alias, str(version))


def send(registry, attestation):
    registry.client.set_model_version_tag("loans", "1", "mlflow_prod.evidence", pack([attestation]))


def champion(registry, accuracy=0.95):
    """Version 1 holds champion with so much accuracy; version 2 has less, and is refused."""
    for version, measured in ((1, accuracy), (2, accuracy - 0.1)):
        registry.submit(version, registry.evidence(version, measured))
    ask(registry, 1)
    with pytest.raises(MlflowException, match="refused"):
        ask(registry, 2)


def revoke(registry, version=1):
    text = Revocation(check="evaluation", reason="wrong").model_dump_json()
    registry.client.set_model_version_tag("loans", str(version), "mlflow_prod.revocation", text)


def test_a_prompt_that_takes_the_alias_does_not_lower_the_bar(registry):
    champion(registry)
    registry.store.set_registered_model_tag("loans", PROMPT)
    registry.store.create_model_version("loans", "dummy-source")
    registry.store.set_registered_model_alias("loans", "champion", "3")
    assert registry.rows("mlflow_prod_decisions", "action, version")[-1] == ("withdrawal", 1)
    with pytest.raises(MlflowException, match="version 1, by -0"):
        registry.store.set_registered_model_alias("loans", "champion", "2")


def test_a_prompt_as_newest_version_does_not_lower_the_bar_of_a_gated_model(make_registry):
    registry = make_registry(GATED)
    registry.register(1, 2)
    registry.client.create_registered_model("loans-prod")
    registry.submit(1, registry.evidence(1, 0.95))
    registry.submit(2, registry.evidence(2, 0.85))
    copy(registry, 1)
    registry.store.set_registered_model_tag("loans-prod", PROMPT)
    registry.store.create_model_version("loans-prod", "dummy-source")
    with pytest.raises(MlflowException, match="version 1, by -0"):
        copy(registry, 2)


def test_deleting_the_best_version_of_a_gated_model_does_not_lower_its_bar(make_registry):
    registry = make_registry(GATED)
    registry.register(1, 2, 3)
    registry.client.create_registered_model("loans-prod")
    for version, accuracy in ((1, 0.81), (2, 0.95), (3, 0.85)):
        registry.submit(version, registry.evidence(version, accuracy))
    copy(registry, 1)
    copy(registry, 2)
    registry.client.delete_model_version("loans-prod", "2")
    with pytest.raises(MlflowException, match="version 2, by -0"):
        copy(registry, 3)


def test_adoption_blesses_no_bytes_that_were_swapped_since(registry):
    registry.submit(1, registry.evidence(1, 0.95))
    ask(registry, 1)
    registry.client.copy_model_version("models:/loans/1", "loans")
    ask(registry, 3, alias="CHAMPION")
    good = digest_of_folder(registry.files(1))
    (registry.files(1) / "MLmodel").write_text("evil")
    registry.client.set_model_version_tag("loans", "1", "mlflow_prod.adoption", "{}")
    assert good in registry.client.get_model_version("loans", "1").tags["mlflow_prod.promoted.champion"]
    assert "adoption" not in [action for (action,) in registry.rows("mlflow_prod_decisions", "action")]


SIGNED = POLICY.replace(
    "version: 1\n",
    f'version: 1\nsigners: {{ci: {{ed25519: "{CI.public}"}}, audit: {{ed25519: "{AUDIT.public}"}}}}\n',
).replace("    require:", "    signed_by: [ci]\n    require:")


def test_a_record_that_was_revoked_does_not_come_back_with_fewer_signatures(make_registry):
    registry = make_registry(SIGNED)
    registry.register(1)
    record = registry.evidence(1, 0.9)
    by_ci, by_audit = attest(record, CI), attest(record, AUDIT)
    both = Attestation(by_ci.statement, by_ci.signatures + by_audit.signatures)
    registry.client.set_model_version_tag("loans", "1", "mlflow_prod.evidence", pack([both]))
    revoke(registry)
    for signatures in (both.signatures, by_ci.signatures, by_audit.signatures, (), (Signature("", b"x"),)):
        envelope = pack([Attestation(by_ci.statement, signatures)])
        with pytest.raises(MlflowException):
            registry.client.set_model_version_tag("loans", "1", "mlflow_prod.evidence", envelope)
    with pytest.raises(MlflowException, match="refused"):
        ask(registry, 1)


def test_a_clock_that_runs_ahead_makes_no_record_the_newest_twice(registry, monkeypatch):
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=4)
    good = registry.evidence(1, 0.9, made_at=ahead)
    registry.submit(1, good)
    later = datetime.now(UTC) + timedelta(minutes=2)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr("mlflow_prod.plugins.intake.datetime", Later)
    revoke(registry)
    later += timedelta(minutes=1)
    with pytest.raises(MlflowException, match="or revoked then"):
        registry.submit(1, good)


def test_a_model_that_took_anothers_name_has_no_known_author(make_registry):
    registry = make_registry(APPROVED)
    with signed_in("bob"):
        registry.register(1)
    with signed_in("mallory"):
        registry.client.create_registered_model("tmp")
        registry.register(2, name="tmp")
        registry.submit(1, registry.evidence(2, 0.9), name="tmp")
        registry.client.rename_registered_model("loans", "loans-old")
        registry.client.rename_registered_model("tmp", "loans")
        text = Approval(target="champion").model_dump_json()
        registry.client.set_model_version_tag("loans", "1", "mlflow_prod.approval", text)
        with pytest.raises(MlflowException, match="nobody knows who registered it"):
            ask(registry, 1)


@pytest.mark.parametrize("name", ["LOANS", "lóans", "løans"])
def test_a_model_spelt_otherwise_is_no_other_model(make_registry, name):
    """On MariaDB these are one model to the database; elsewhere there is none of that name."""
    registry = make_registry(POLICY.replace('"*":', "loans:"))
    registry.register(1)
    with pytest.raises(MlflowException):
        ask(registry, 1, name=name)
    with pytest.raises(MlflowException):
        registry.client.transition_model_version_stage(name, "1", "Production")
    assert registry.client.get_registered_model("loans").aliases == {}


@pytest.mark.parametrize("alias", ["champıon", "champiøn", "Champıon"])
def test_an_alias_with_letters_from_elsewhere_is_held_too(registry, alias):
    with pytest.raises(MlflowException, match="refused"):
        ask(registry, 1, alias=alias)


@pytest.mark.parametrize("key", ["mlflow_pród.promoted.champion", "MLFLOW_PRØD.evidence", "mlﬂow_prod.x"])
def test_a_reserved_tag_spelt_otherwise_is_reserved(registry, key):
    with pytest.raises(MlflowException, match="reserved"):
        registry.client.set_model_version_tag("loans", "1", key, "x")
    with pytest.raises(MlflowException, match="reserved"):
        registry.client.delete_model_version_tag("loans", "1", key)


@pytest.mark.parametrize("version", [" 1", "+1", "0_1", "1\n"])
def test_a_version_spelt_otherwise_is_judged_like_itself(registry, version):
    champion(registry)
    with pytest.raises(MlflowException, match="refused"):
        ask(registry, version.replace("1", "2"))


def test_thousands_of_checks_neither_fill_the_tag_nor_get_in_at_once(registry):
    records = [registry.evidence(1, 0.9, f"check{number}") for number in range(201)]
    with pytest.raises(MlflowException, match="at most 200 records"):
        registry.submit(1, *records)
    registry.submit(1, *records[:200])
    tag = registry.client.get_model_version("loans", "1").tags["mlflow_prod.evidence"]
    assert tag.endswith(")") and ", ... (200 checks" in tag


def test_of_one_second_what_came_last_counts_and_what_was_there_before_does_not_come_again(registry):
    at = datetime.now(UTC).replace(microsecond=0)
    good, bad = (registry.evidence(1, value, made_at=at) for value in (0.9, 0.5))
    registry.submit(1, good)
    registry.submit(1, good)
    registry.submit(1, bad)
    with pytest.raises(MlflowException, match="holds newer evaluation evidence"):
        registry.submit(1, good)
    with pytest.raises(MlflowException, match="refused"):
        ask(registry, 1)


def test_a_clock_that_runs_ahead_wins_over_no_other_signer(make_registry):
    policy = SIGNED_BY_EITHER.format(ci=CI.public, audit=AUDIT.public)
    registry = make_registry(policy)
    registry.register(1)
    ahead = datetime.now(UTC) + timedelta(minutes=4)
    send(registry, attest(registry.evidence(1, 0.9, made_at=ahead), CI))
    send(registry, attest(registry.evidence(1, 0.5), AUDIT))
    with pytest.raises(MlflowException, match=r"0\.5 must be at least"):
        ask(registry, 1)


def test_a_signature_that_is_left_out_makes_no_record_new(make_registry):
    registry = make_registry(SIGNED_BY_EITHER.format(ci=CI.public, audit=AUDIT.public))
    registry.register(1)
    at = datetime.now(UTC).replace(microsecond=0)
    by_ci, by_audit = (attest(registry.evidence(1, 0.9, made_at=at), key) for key in (CI, AUDIT))
    both = Attestation(by_ci.statement, by_ci.signatures + by_audit.signatures)
    send(registry, both)
    send(registry, attest(registry.evidence(1, 0.5, made_at=at), CI))
    for part in (both, by_audit, by_ci):
        with pytest.raises(MlflowException, match="holds newer evaluation evidence"):
            send(registry, part)
    with pytest.raises(MlflowException, match=r"0\.5 must be at least"):
        ask(registry, 1)


def test_a_second_signature_may_be_added_unless_something_else_was_signed_since(make_registry):
    registry = make_registry(SIGNED_BY_EITHER.format(ci=CI.public, audit=AUDIT.public))
    registry.register(1)
    by_ci, by_audit = (attest(registry.evidence(1, 0.9), key) for key in (CI, AUDIT))
    send(registry, by_ci)
    registry.submit(1, registry.evidence(1, 0.1))
    send(registry, Attestation(by_ci.statement, by_ci.signatures + by_audit.signatures))
    ask(registry, 1)


def test_others_evidence_about_the_same_files_is_not_even_looked_at(registry):
    registry.submit(1, registry.evidence(1, 0.9))
    registry.client.create_registered_model("theirs")
    registry.register(1, name="theirs")
    registry.submit(1, *(registry.evidence(1, 0.1, f"other{number}") for number in range(5)), name="theirs")
    ask(registry, 1)
    assert registry.rows("mlflow_prod_decisions", "evidence")[-1] == ("[1]",)


@pytest.mark.parametrize("source", ["", "models:/loans/1"])
def test_a_version_that_is_made_anew_while_its_files_are_read_is_read_again(
    make_registry, monkeypatch, source
):
    registry = make_registry(BOTH)
    registry.register(1, 2)
    registry.client.create_registered_model("loans-prod")
    registry.submit(1, registry.evidence(1, 0.9))
    looked = hearing.look_at

    def meanwhile(location):
        found = looked(location)
        monkeypatch.setattr(hearing, "look_at", looked)
        registry.client.delete_registered_model("loans")
        registry.client.create_registered_model("loans")
        registry.register(2)
        return found

    monkeypatch.setattr(hearing, "look_at", meanwhile)
    with pytest.raises(MlflowException, match="no evaluation evidence"):
        if source:
            registry.store.create_model_version("loans-prod", source)
        else:
            ask(registry, 1)
    assert registry.client.search_model_versions("name = 'loans-prod'") == []
    assert "champion" not in registry.client.get_registered_model("loans").aliases


def test_a_prompt_that_became_a_model_before_its_turn_is_asked_for_evidence(registry, monkeypatch):
    registry.client.create_registered_model("greeting")
    registry.store.set_registered_model_tag("greeting", PROMPT)
    registry.store.create_model_version("greeting", "prompt-template")
    heard = promotions.hear

    def meanwhile(*arguments):
        found = heard(*arguments)
        monkeypatch.setattr(promotions, "hear", heard)
        registry.store.rename_registered_model("greeting", "old")
        registry.store.rename_registered_model("loans", "greeting")
        return found

    monkeypatch.setattr(promotions, "hear", meanwhile)
    with pytest.raises(MlflowException, match="no evaluation evidence"):
        registry.store.set_registered_model_alias("greeting", "champion", "1")
    assert registry.store.get_registered_model("greeting").aliases == {}

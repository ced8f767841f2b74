"""What some database cannot keep is told in a sentence, on each of them, and nothing of it is written."""

import json
from datetime import UTC, datetime

import pytest
from mlflow.exceptions import MlflowException

from mlflow_prod.evidence import Measure, Override, SigningKey, attest, digest_of_folder, pack, write_envelope
from tests.plugins.conftest import POLICY

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")
KEY = SigningKey.new()
SIGNED = POLICY.replace(
    "version: 1\n", f'version: 1\nsigners: {{oncall: {{ed25519: "{KEY.public}"}}}}\n'
).replace("    require:", "    override_by: [oncall]\n    require:")
NUL = "text without NUL"


def send(registry, tag, value, version="1"):
    registry.client.set_model_version_tag("loans", version, f"mlflow_prod.{tag}", value)


def told(registry, act, error="INVALID_PARAMETER_VALUE"):
    """The one sentence of a bad request that left no row behind."""
    before = registry.rows("mlflow_prod_decisions"), registry.rows("mlflow_prod_evidence")
    with pytest.raises(MlflowException) as wrong:
        act()
    assert wrong.value.error_code == error
    assert "SELECT" not in wrong.value.message and "INSERT" not in wrong.value.message
    assert (registry.rows("mlflow_prod_decisions"), registry.rows("mlflow_prod_evidence")) == before
    return wrong.value.message


@pytest.mark.parametrize(
    ("tag", "content", "says"),
    [
        ("approval", {"target": "cham\0pion"}, "approval: target: must be text without NUL"),
        ("approval", {"target": "champion", "note": "a\0b"}, "approval: note: must be text without NUL"),
        (
            "approval",
            {"target": "x" * 257},
            "approval: target: must be a name of at most 256 char",
        ),
        ("approval", {"target": "İ" * 200}, "approval: target: must be a name of at most 256 characters"),
        ("approval", {"target": "models:/" + "x" * 257}, "approval: target: must be a name of at"),
        ("approval", {"target": "champion", "note": "x" * 1_001}, "approval: note: string should have at m"),
        ("revocation", {"check": "a\0b", "reason": "c"}, "revocation: check: must be text without NUL"),
        ("revocation", {"check": "evaluation", "reason": "a\0"}, "revocation: reason: must be text without"),
        ("adoption", {"note": "\0"}, "adoption: note: must be text without NUL"),
    ],
)
def test_a_request_that_cannot_be_kept_is_a_bad_request(registry, tag, content, says):
    registry.submit(1, registry.evidence(1, 0.9))
    message = told(registry, lambda: send(registry, tag, json.dumps(content)))
    assert says in message and "got '" in message


def test_the_longest_request_is_kept(registry):
    send(registry, "approval", json.dumps({"target": "x" * 256, "note": "ø" * 1_000}))
    send(registry, "approval", json.dumps({"target": "models:/" + "x" * 256}))
    assert len(registry.rows("mlflow_prod_decisions")) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"person": "Ann\0"}, "person of an override must be text without NUL"),
        ({"reason": "a\0b"}, "reason of an override must be text without NUL"),
        ({"target": "cham\0pion"}, "target of an override must be text without NUL"),
        (
            {"target": "champion" + "\u200b" * 500},
            "target of an override must be a name of at most 256",
        ),
        ({"reason": "x" * 1_001}, "reason of an override must be text of 1 to 1,000 characters"),
    ],
)
def test_an_override_that_cannot_be_kept_is_a_bad_request(make_registry, change, says):
    registry = make_registry(SIGNED)
    registry.register(1)
    parts = {"model": "loans", "version": "1", "target": "champion", "person": "Ann", "reason": "b"}
    word = Override(digest_of_folder(registry.files(1)), **parts, made_at=datetime.now(UTC))
    # As somebody signs it who does not use our reader.
    for name, text in change.items():
        object.__setattr__(word, name, text)
    message = told(registry, lambda: send(registry, "override", write_envelope(word.sign(KEY))))
    assert says in message and "got '" in message


@pytest.mark.parametrize(
    "odd",
    [
        {"run_id": "a\0"},
        {"measures": (Measure("accuracy\0", 0.9),)},
        {"measures": (Measure("accuracy", 0.9, slice=(("sex", "F\0"),)),)},
    ],
    ids=["run", "measure", "slice"],
)
def test_evidence_that_cannot_be_kept_is_a_bad_request(registry, odd):
    record = registry.evidence(1, 0.9)
    for name, value in odd.items():
        object.__setattr__(record, name, value)
    assert NUL in told(registry, lambda: send(registry, "evidence", pack([attest(record)])))


@pytest.mark.parametrize("alias", ["cham\0pion", "champion\0"])
def test_a_target_that_cannot_be_kept_is_a_bad_request(registry, alias):
    registry.submit(1, registry.evidence(1, 0.9))
    client = registry.client
    assert "alias" in told(registry, lambda: client.set_registered_model_alias("loans", alias, "1"))
    for question in ("mlflow_prod.check.1.", "mlflow_prod.previous."):
        told(registry, lambda asked=question + alias: client.get_model_version_by_alias("loans", asked))


def test_a_name_or_source_that_cannot_be_kept_is_a_bad_request(make_registry):
    registry = make_registry(POLICY.replace("    require:", "    every_version: true\n    require:"))
    store, good = registry.store, str(registry.files(1))
    for ask, says in (
        (lambda: store.create_model_version("lo\0ans", good), "name must be text without NUL"),
        (lambda: store.create_model_version("loans", good + "\0"), "source must be text without NUL"),
        (lambda: store.set_registered_model_alias("lo\0ans", "champion", "1"), "name must be text without"),
        (
            lambda: store.get_model_version_by_alias("lo\0ans", "mlflow_prod.previous.champion"),
            "name must be",
        ),
    ):
        assert says in told(registry, ask)


@pytest.mark.parametrize("version", ["x", "1" * 5_000])
def test_a_version_that_is_no_number_or_too_long_for_one_is_a_bad_request(registry, version):
    client = registry.client
    for ask in (
        lambda: client.transition_model_version_stage("loans", version, "Production"),
        lambda: client.transition_model_version_stage("loans", version, "None"),
        lambda: client.set_registered_model_alias("loans", "champion", version),
    ):
        assert "version" in told(registry, ask)


@pytest.mark.parametrize("version", [str(2**31), "99999999999999999999"])
def test_a_version_beyond_what_is_counted_is_not_there(registry, version):
    client = registry.client
    asked = [
        lambda: client.set_registered_model_alias("loans", "champion", version),
        lambda: client.transition_model_version_stage("loans", version, "Production"),
        lambda: client.get_model_version_by_alias("loans", f"mlflow_prod.check.{version}.champion"),
        lambda: client.get_model_version_by_alias("loans", f"mlflow_prod.check.{version}.models:/other"),
        lambda: send(registry, "evidence", pack([attest(registry.evidence(1, 0.9))]), version),
        lambda: send(registry, "approval", '{"target": "champion"}', version),
        lambda: send(registry, "revocation", '{"check": "evaluation", "reason": "a"}', version),
        lambda: send(registry, "adoption", "{}", version),
    ]
    for ask in asked:
        assert f"version={version}) not found" in told(registry, ask, "RESOURCE_DOES_NOT_EXIST")

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import Attestation, Override, SigningKey, read_envelope, write_envelope
from mlflow_prod.evidence.attestation import state

KEY = SigningKey.new()
WORD = Override("0" * 64, "loans", "3", "champion", "Ann Lee", "é — down", datetime(2026, 11, 20, tzinfo=UTC))


def test_what_is_signed_comes_back():
    signed = read_envelope(write_envelope(WORD.sign(KEY)))
    assert Override.read(signed) == WORD
    assert signed.signers({"oncall": KEY.public}) == {"oncall"}


def test_times_of_any_zone_are_the_same_moment():
    elsewhere = replace(WORD, made_at=WORD.made_at.astimezone(timezone(timedelta(hours=5))))
    assert elsewhere.sign(KEY) == WORD.sign(KEY)


@pytest.mark.parametrize("name", ["model", "version", "target", "person", "reason"])
@pytest.mark.parametrize("text", ["", "  ", "x" * 1_001, 3])
def test_nothing_may_be_left_empty(name, text):
    with pytest.raises(EvidenceError, match=f"{name} of an override must be text"):
        replace(WORD, **{name: text})


def test_a_time_without_a_zone_is_none():
    with pytest.raises(EvidenceError, match="time zone"):
        replace(WORD, made_at=datetime(2026, 11, 20))


@pytest.mark.parametrize(
    ("predicate", "says"),
    [
        ({}, "must have exactly the keys"),
        (dict.fromkeys(("model", "version", "target", "person", "reason", "made_at"), "x"), "ISO 8601"),
        (dict.fromkeys(("model", "version", "target", "person", "reason", "made_at"), 3), "ISO 8601"),
    ],
)
def test_another_statement_is_no_override(predicate, says):
    with pytest.raises(EvidenceError, match=says):
        Override.read(Attestation(state("0" * 64, "urn:mlflow-prod:override:1", predicate)))

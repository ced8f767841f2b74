import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from mlflow_prod.errors import EvidenceError, InvalidParameter
from mlflow_prod.evidence import Attestation, Evidence, Measure, PublicKey, SigningKey, attest
from mlflow_prod.evidence.attestation import _without_duplicates
from tests.evidence.compared import Compared

RECORD = Evidence(
    "evaluation",
    "a" * 64,
    "b" * 64,
    (Measure("accuracy", 0.9, 0.8, 0.95, 100), Measure("auc", 0.8, slice=(("città", "Zürich"),))),
    "r1",
    datetime(2026, 1, 2, tzinfo=UTC),
)


def known_to_securesystemslib(key: PublicKey) -> SSlibKey:
    return SSlibKey(key.id, "ed25519", "ed25519", {"public": key.content.hex()})


def test_what_was_attested_is_read_again():
    key = SigningKey.new()
    signed = Attestation.from_dsse(json.loads(json.dumps(attest(RECORD, key).to_dsse())))
    assert signed.evidence == RECORD
    assert signed.signers({"ci": key.public, "other": SigningKey.new().public}) == {"ci"}
    assert attest(RECORD).signers({"ci": key.public}) == frozenset()


def test_the_statement_is_in_totos():
    stated = json.loads(attest(RECORD).statement)
    assert stated["_type"] == "https://in-toto.io/Statement/v1"
    assert stated["subject"] == [{"name": "model", "digest": {"sha256": "a" * 64}}]
    assert stated["predicate"]["check"] == "evaluation" and "subject" not in stated["predicate"]


def test_another_implementation_verifies_what_was_signed_here():
    key = SigningKey.new()
    envelope = Envelope.from_dict(attest(RECORD, key).to_dsse())
    trusted = [known_to_securesystemslib(key.public)]
    assert list(envelope.verify(trusted, 1)) == [key.public.id]
    envelope.payload += b" "
    with pytest.raises(VerificationError):
        envelope.verify(trusted, 1)


def test_what_another_implementation_signed_is_verified_here():
    signer = CryptoSigner.generate_ed25519()
    plain = attest(RECORD)
    envelope = Envelope(plain.statement.encode(), plain.to_dsse()["payloadType"], {})
    envelope.sign(signer)
    signed = Attestation.from_dsse(envelope.to_dict())
    public = PublicKey(bytes.fromhex(signer.public_key.keyval["public"]))
    assert signed.signers({"them": public}) == {"them"}
    assert signed.evidence == RECORD


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_keeps_its_signature(at, change):
    key = SigningKey.new()
    signed = attest(RECORD, key)
    content = bytearray(signed.statement.encode())
    content[at % len(content)] ^= change
    try:
        changed = Attestation(content.decode(), signed.signatures)
    except (UnicodeDecodeError, EvidenceError):
        return
    assert changed.signers({"ci": key.public}) == frozenset()


def test_a_signature_for_another_type_of_payload_is_none():
    key = SigningKey.new()
    plain = attest(RECORD)
    bare = key.sign(plain.statement.encode())
    signatures = [{"keyid": key.public.id, "sig": base64.b64encode(bare).decode()}]
    assert not Attestation.from_dsse({**plain.to_dsse(), "signatures": signatures}).signers(
        {"ci": key.public}
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"payloadType": "text/plain"}, "payloadType must be"),
        ({"payload": "?"}, "payload must be base64"),
        ({"payload": "/w=="}, "UTF-8"),
        ({"payload": "e30="}, "exactly the keys"),
        ({"signatures": "none"}, "a list of at most 8"),
        ({"signatures": [{"sig": "QQ=="}] * 9}, "a list of at most 8"),
        ({"signatures": [{"sig": "QQ==", "cert": ""}]}, "keys keyid and sig"),
        ({"signatures": [{"sig": "QQ==", "keyid": 5}]}, "keyid must be a text"),
        ({"more": 1}, "must have the keys"),
    ],
)
def test_an_envelope_that_is_none_is_refused(change, said):
    with pytest.raises(EvidenceError, match=said):
        _ = Attestation.from_dsse(attest(RECORD).to_dsse() | change).evidence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "_type must be"),
        ({"predicateType": "https://slsa.dev/provenance/v1"}, "predicateType must be"),
        ({"subject": []}, "one subject"),
        ({"subject": [{"name": "model", "digest": {"sha1": "a" * 40}}]}, "by its sha256"),
        ({"predicate": {"subject": "c" * 64}}, "without a subject of its own"),
        ({"predicate": {}}, "exactly the keys"),
    ],
)
def test_a_statement_about_something_else_is_refused(change, said):
    text = json.dumps(json.loads(attest(RECORD).statement) | change)
    with pytest.raises(EvidenceError, match=said):
        _ = Attestation(text).evidence


def test_a_public_key_is_32_bytes_of_base64():
    key = SigningKey.new().public
    assert PublicKey.from_text(str(key)) == key
    for text in ("", "AAAA", "not base64", "é"):
        with pytest.raises(InvalidParameter, match="ed25519 must be base64 of the 32 bytes"):
            PublicKey.from_text(text)


def test_a_key_that_stands_twice_is_found_in_one_pass():
    names = [Compared(f"k{number}") for number in range(5_000)]
    Compared.times = 0
    with pytest.raises(EvidenceError, match="a key is named twice: 'k0'"):
        _without_duplicates([(name, None) for name in [*names, Compared("k0")]])
    assert Compared.times <= 2 * len(names)

import base64
import json
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import Evidence, Measure, SigningKey, attest, pack, unpack

RECORD = Evidence(
    "evaluation",
    "a" * 64,
    "b" * 64,
    (Measure("accuracy", 0.9, 0.8, 0.95, 100),),
    made_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode()


def test_what_was_packed_is_unpacked():
    other = Evidence("fairness", "a" * 64, "b" * 64, (Measure("gap", 0.1, slice=(("sex", "F"),)),))
    sent = [attest(RECORD), attest(other, SigningKey.new())]
    arrived = unpack(pack(sent))
    assert arrived == tuple(sent)
    assert [one.evidence for one in arrived] == [RECORD, other]


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        ("", "cut short"),
        ("not base64!", "base64"),
        ("é", "base64"),
        (packed("[" + "9" * 5_000 + "]"), "JSON"),
        (base64.b64encode(b"not zlib").decode(), "zlib"),
        (pack([attest(RECORD)])[:40], "cut short"),
        (packed("{"), "JSON"),
        (packed("[]"), "at least one"),
        (packed("{}"), "at least one"),
        (packed('[{"check": 1, "check": 2}]'), "twice: 'check'"),
        (packed('[{"statement": "{}"}]'), "keys statement and signatures"),
        (packed('[{"statement": 5, "signatures": []}]'), "must be text"),
        (packed('[{"statement": "{}", "signatures": []}]'), "exactly the keys"),
        (packed('[{"statement": "{}", "signatures": [{"keyid": "a"}]}]'), "keys keyid and sig"),
        (packed('[{"statement": "{}", "signatures": [{"sig": "?"}]}]'), "sig must be base64"),
        (packed('[{"statement": "{\\"a\\": 1, \\"a\\": 1}", "signatures": []}]'), "twice: 'a'"),
        (packed('[{"statement": "\\ud800", "signatures": []}]'), "UTF-8 can spell"),
        (packed("[" * 100_000), "JSON"),
        ("A" * (512 * 1024 + 4), "at most 524,288 characters"),
        (packed(" " * (9 * 1024 * 1024)), "inflate to at most"),
    ],
)
def test_a_broken_envelope_is_refused(envelope, said):
    with pytest.raises(EvidenceError, match=said):
        unpack(envelope)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content):
    with pytest.raises(EvidenceError):
        unpack(base64.b64encode(content).decode())


def test_too_much_evidence_is_refused_before_it_is_sent():
    words = [f"{i:x}{i * 7919 % 1_000_003:x}" for i in range(60_000)]
    measures = tuple(Measure(f"m{word}", float(i) / 7) for i, word in enumerate(words))
    with pytest.raises(EvidenceError, match="send fewer slices"):
        pack([attest(Evidence("evaluation", "a" * 64, "b" * 64, measures))])


def test_records_travel_as_columns():
    (entry,) = json.loads(zlib.decompress(base64.b64decode(pack([attest(RECORD)]))))
    assert json.loads(entry["statement"])["predicate"]["measures"]["value"] == [0.9]


def test_a_signed_record_of_a_thousand_slices_fits():
    names = ("accuracy", "auc", "log_loss", "positive_rate", "true_positive_rate", "false_positive_rate")
    measures = [
        Measure(name, 0.1 + at / 7919, 0.1, 0.9, 1000 + at, (("town", f"place {at}"),))
        for at in range(1101)
        for name in names
    ]
    record = Evidence("fairness", "a" * 64, "b" * 64, tuple(measures))
    assert len(pack([attest(record, SigningKey.new())])) < 256 * 1024

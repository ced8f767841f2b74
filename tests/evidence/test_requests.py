from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence import Adoption, Approval, Revocation, promoted_digest, promoted_text

SIGNS = st.characters(codec="utf-8", exclude_characters="\0")
WORDS = st.text(SIGNS, min_size=1, max_size=50).filter(lambda text: text.strip() == text)


@given(WORDS, st.text(SIGNS, max_size=50), st.booleans())
def test_a_request_survives_its_travel(target, note, taken_back):
    sent = Approval(target=target, note=note, taken_back=taken_back)
    assert Approval.read(sent.model_dump_json()) == sent


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (Approval, '{"target": 3}', "approval: target: input should be a valid string"),
        (Approval, '{"target": "a", "taken_back": "yes"}', "approval: taken_back: "),
        (Revocation, '{"check": "a"}', "revocation: reason: field required"),
        (Revocation, '{"check": "a", "reason": " "}', "revocation: reason: string should have at least"),
        (Adoption, '{"note": "' + "x" * 1_001 + '"}', "adoption: note: string should have at most 1000"),
        (
            Approval,
            '{"target": "a", ' + '"b": 1, ' * 4_000 + '"c": 1}',
            "approval must be at most 32,000 chara",
        ),
        (Adoption, "null", "adoption: it: "),
        (Adoption, "{", "adoption must be JSON"),
        (Adoption, '{"note": "\\ud800"}', "adoption: note: must be text without NUL that UTF-8 can spell"),
        (Adoption, '{"note": "a\\u0000"}', r"adoption: note: must be text without NUL .*, got 'a\\x00'"),
        (Approval, '{"target": "' + "x" * 257 + '"}', "approval: target: must be a name of at most 256"),
    ],
)
def test_what_is_wrong_is_named(kind, text, says):
    with pytest.raises(EvidenceError, match=says):
        kind.read(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_the_promoted_digest_is_read_from_whatever_people_wrote_before_it(how, author):
    """As long as they did not write a digest themselves: the last one counts."""
    text = promoted_text("a" * 64, how, author, datetime(2026, 11, 20, tzinfo=UTC))
    assert promoted_digest({"mlflow_prod.promoted.champion": text}, "Champion") == "a" * 64


def test_a_digest_in_somebodys_reason_is_not_the_promoted_one():
    reason = f"as sha256 {'b' * 64} was"
    text = promoted_text("a" * 64, reason, f"sha256 {'c' * 64}", datetime(2026, 11, 20, tzinfo=UTC))
    assert promoted_digest({"mlflow_prod.promoted.champion": text}, "champion") == "a" * 64
    assert promoted_digest({"mlflow_prod.promoted.champion": text + " and more"}, "champion") is None
    assert promoted_digest({}, "champion") is None

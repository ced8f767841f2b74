import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.errors import EvidenceError, InvalidParameter
from mlflow_prod.evidence import Evidence, Measure
from tests.evidence.compared import Compared

SUBJECT, DATA = "a" * 64, "b" * 64
TEXT = st.text("abcXYZ /é", min_size=1, max_size=8)
FIGURE = st.floats(-1e6, 1e6)


@st.composite
def measures(draw):
    name = draw(st.sampled_from(["accuracy", "auc", "income/psi"]))
    low, value, high = sorted(draw(st.tuples(FIGURE, FIGURE, FIGURE)))
    cut = tuple(draw(st.dictionaries(TEXT, TEXT, max_size=2)).items())
    return Measure(
        name, value, low, high, draw(st.integers(0, 10**9)), cut, draw(st.sampled_from(["", "ms"]))
    )


def test_a_title_sorts_and_compares():
    assert (
        Measure("true_positive_rate", 0.8, slice=(("sex", "Female"),)).title
        == "slice/sex/Female/true_positive_rate"
    )
    assert (
        Measure("accuracy", 0.8, slice=(("sex", "F"), ("race", "B"))).title == "slice/race/B/sex/F/accuracy"
    )


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"value": float("nan")}, "accuracy: value must be a finite number, got nan"),
        ({"value": 0.5, "low": 0.6}, r"accuracy: low must be at most value \(0.5\), got 0.6"),
        ({"value": 0.5, "high": 0.4}, r"accuracy: high must be at least value \(0.5\), got 0.4"),
        ({"value": 0.5, "n": -1}, "accuracy: n must be >= 0, got -1"),
    ],
)
def test_a_figure_that_says_nothing_is_refused(entries, said):
    with pytest.raises(InvalidParameter, match=said):
        Measure("accuracy", **entries)


@given(st.lists(measures(), max_size=5, unique_by=lambda m: m.title))
def test_a_record_survives_the_journey_to_six_digits(found):
    made = Evidence("evaluation", SUBJECT, DATA, tuple(found), "run", datetime(2026, 1, 2, tzinfo=UTC))
    read = Evidence.from_dict(json.loads(json.dumps(made.to_dict())))
    assert read.to_dict() == made.to_dict()
    for before, after in zip(made, read, strict=True):
        assert after.value == pytest.approx(before.value, rel=1e-5)
        assert (after.title, after.n, after.unit) == (before.title, before.n, before.unit)


def test_the_same_measure_twice_is_refused():
    with pytest.raises(EvidenceError, match="two measures are named 'accuracy'"):
        Evidence("evaluation", SUBJECT, DATA, (Measure("accuracy", 1), Measure("accuracy", 0)))


def test_a_name_that_stands_twice_is_found_in_one_pass():
    names = [Compared(f"m{number}") for number in range(5_000)]
    Compared.times = 0
    with pytest.raises(EvidenceError, match="two measures are named 'm0'"):
        Evidence("evaluation", SUBJECT, DATA, [Measure(name, 1.0) for name in [*names, Compared("m0")]])
    assert Compared.times <= 2 * len(names)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "good"}, "exactly the keys"),
        ({"version": 2}, "version must be 1"),
        ({"subject": "abc"}, "subject must be a sha256"),
        ({"check": "Not A Name"}, "check must be a name in snake case"),
        ({"made_at": "2026-01-01T00:00:00"}, "made_at must carry a time zone"),
        ({"made_at": "soon"}, "cannot be read"),
        ({"measures": {}}, "exactly the columns"),
    ],
)
def test_a_record_that_was_tampered_with_is_refused(change, said):
    record = Evidence("evaluation", SUBJECT, DATA, (Measure("accuracy", 1.0),)).to_dict() | change
    with pytest.raises(EvidenceError, match=said):
        Evidence.from_dict(record)


def test_columns_of_different_length_are_refused():
    record = Evidence("evaluation", SUBJECT, DATA, (Measure("accuracy", 1.0),)).to_dict()
    record["measures"]["value"].append(0.5)
    with pytest.raises(EvidenceError, match="cannot be read"):
        Evidence.from_dict(record)


@pytest.mark.parametrize(
    ("column", "entry"),
    [
        ("n", True),
        ("n", 0.5),
        ("n", float("nan")),
        ("value", "0.99"),
        ("value", True),
        ("value", 10**400),
        ("low", "0"),
        ("name", 5),
        ("name", ""),
        ("unit", {}),
        ("against", None),
        ("slice", [["sex", 1]]),
        ("name", "\ud800"),
    ],
)
def test_an_entry_of_another_type_is_refused(column, entry):
    record = Evidence("evaluation", SUBJECT, DATA, (Measure("accuracy", 1.0),)).to_dict()
    record["measures"][column] = [entry]
    with pytest.raises(EvidenceError, match="cannot be read"):
        Evidence.from_dict(record)


@pytest.mark.parametrize(
    "change",
    [
        {"version": True},
        {"version": 1.0},
        {"run_id": 7},
        {"made_at": "0001-01-01T00:00:00+23:59"},
        {"check": None},
    ],
)
def test_a_field_of_another_type_is_refused(change):
    record = Evidence("evaluation", SUBJECT, DATA, (Measure("accuracy", 1.0),)).to_dict() | change
    with pytest.raises(EvidenceError):
        Evidence.from_dict(record)

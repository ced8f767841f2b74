from datetime import UTC, datetime

import pytest

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.report import model_card

TASK = Task("binary", "repaid", ("no", "yes"))
SUBJECT, DATA = "a" * 64, "b" * 64


def _evidence(slices=2, value=0.9):
    quality = [Measure("accuracy", value, value - 0.02, value + 0.02, 1_000)]
    quality += [Measure("accuracy", 0.8, 0.7, 0.9, 90, (("town", f"t{at}"),)) for at in range(slices)]
    gap = [Measure("gap/town/true_positive_rate", 0.05, 0.01, 0.1, 500)] if slices else []
    return [
        Evidence("evaluation", SUBJECT, DATA, tuple(quality)),
        Evidence("fairness", SUBJECT, DATA, tuple(gap)),
        Evidence("explanation", SUBJECT, DATA, (Measure("importance/income", 0.2, n=100),)),
    ]


def test_a_card_holds_what_a_reader_needs():
    card = model_card(TASK, "loans", SUBJECT, _evidence())
    for part in (
        "# repaid: model card", "loans", "`aaaaaaaaaaaaaaaa`", "binary: no, yes", "## Intended use",
        "## Limits",
        "| accuracy | 0.9 [0.88, 0.92] | 1,000 |", "| town t1 | 90 | 0.8 [0.7, 0.9] |", "income (0.2)",
        "gap/town/true positive rate", "| explanation | 1 | `bbbbbbbbbbbb` |",
    ):  # fmt: skip
        assert part in card


def test_a_card_always_fits_and_says_what_it_left_out():
    card = model_card(TASK, "loans", SUBJECT, _evidence(slices=500))
    assert len(card) <= 5_000
    shown = card.count("| town t")
    assert 20 < shown < 500 and f"{500 - shown} more slices" in card
    assert "## Evidence" in card and "## Limits" in card


def test_a_card_without_evidence_or_slices_is_still_a_card():
    assert "Nothing has been measured yet" in model_card(TASK, "loans", SUBJECT, [])
    assert "## By slice" not in model_card(TASK, "loans", SUBJECT, _evidence(slices=0))


def test_a_difference_to_another_model_is_told_as_such_and_not_as_the_figure():
    cost = (
        Measure("difference/accuracy", -0.003, -0.01, 0.004, 1_000),
        Measure("accuracy", -0.003, -0.01, 0.004, 1_000, against="f" * 64),
        Measure("accuracy", -0.02, -0.03, 0.0, 90, (("town", "t0"),), against="f" * 64),
    )
    card = model_card(TASK, "loans", SUBJECT, [*_evidence(), Evidence("compression", SUBJECT, DATA, cost)])
    assert "| difference/accuracy | -0.003 [-0.01, 0.004] | 1,000 |" in card
    assert card.count("| accuracy | ") == 1 and "| accuracy | 0.9" in card
    assert "| town t0 | 90 | 0.8 [0.7, 0.9] |" in card


def test_the_newest_of_two_records_counts():
    old = Evidence(
        "evaluation", SUBJECT, DATA, (Measure("accuracy", 0.5),), made_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    card = model_card(TASK, "loans", SUBJECT, [*_evidence(), old])
    assert "0.9 [" in card and "2020" not in card


def test_names_from_data_cannot_break_the_table_or_add_a_link():
    measure = Measure("accuracy", 0.5, n=20, slice=(("town", "a|b [x](http://y) <img>"),))
    card = model_card(
        Task("regression", "a\n# b"), "x|y", SUBJECT, [Evidence("evaluation", SUBJECT, DATA, (measure,))]
    )
    assert "[x](" not in card and "<img>" not in card and "a\\|b" in card
    assert "\n# b" not in card


def test_words_of_ones_own_replace_the_usual_ones_and_may_not_be_too_long():
    card = model_card(TASK, "loans", SUBJECT, [], intended_use="Only for tests.", limits=["Never right."])
    assert "Only for tests." in card and "- Never right." in card and "scored for the decision" not in card
    with pytest.raises(InvalidParameter, match="characters shorter"):
        model_card(TASK, "loans", SUBJECT, [], intended_use="x" * 6_000)

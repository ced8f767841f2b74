import pytest

from mlflow_prod.report import words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.number(0.84312, share=True), "84.3%"),
        (words.number(1234.5), "1,234"),
        (words.number(-0.0123456), "-0.0123"),
        (words.number(float("nan"), share=True), "–"),
        (words.between(0.8312, 0.8561, share=True), "83.1 to 85.6%"),
        (words.between(1.0, 2.5), "1 to 2.5"),
        (words.between(float("nan"), 2.5), ""),
        (words.points(0.1234), "12.3 points"),
        (words.points(0.0012), "0.12 points"),
        (words.points(0.0), "0.0 points"),
        (words.points(float("nan")), "–"),
        (words.chance(0.00004), "under 0.001"),
        (words.chance(0.0312), "0.031"),
        (words.plural(1, "row"), "1 row"),
        (words.plural(1200, "row"), "1,200 rows"),
        (words.title("true_positive_rate"), "True positive rate"),
        (words.title("auc"), "AUC"),
    ],
)
def test_numbers_are_told_as_a_person_reads_them(said, expected):
    assert said == expected


@pytest.mark.parametrize(
    ("name", "share", "direction"),
    [
        ("accuracy", True, 1), ("auc", False, 1), ("log_loss", False, -1), ("false_positive_rate", True, -1),
        ("positive_rate", True, 0), ("recall/a", True, 1), ("macro_f1", True, 1), ("mae", False, -1),
        ("mean_error", False, 0), ("r2", False, 1), ("ece", True, -1), ("quantile_loss_at_0.1", False, -1),
        ("false_discovery_rate", True, -1), ("error", True, -1),
    ],
)  # fmt: skip
def test_each_figure_has_a_unit_and_a_better_side(name, share, direction):
    assert words.is_share(name) == share and words.direction(name) == direction


def test_an_interval_of_a_difference_of_shares_is_told_in_points():
    assert words.apart(-0.00531, 0.012) == "-0.5 to 1.2 points"
    assert words.apart(float("nan"), 0.1) == ""

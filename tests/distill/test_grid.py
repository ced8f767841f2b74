import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.data import Task
from mlflow_prod.distill import Setting, grid, hold_fit
from mlflow_prod.errors import InvalidParameter

NUMBERS = st.lists(st.integers(1, 99), min_size=1, max_size=8, unique=True)


@given(NUMBERS, NUMBERS)
def test_every_temperature_meets_every_alpha_once(temperatures, alphas):
    found = grid(",".join(map(str, temperatures)), " , ".join(str(alpha / 100) for alpha in alphas))
    assert set(found) == {Setting(t, a / 100) for t in temperatures for a in alphas}
    assert len(found) == len(temperatures) * len(alphas)


def test_a_number_named_twice_is_tried_once():
    assert grid("4, 4.0", "0.5") == (Setting(4.0, 0.5),)


@pytest.mark.parametrize(
    ("temperature", "alpha", "message"),
    [
        ("", "0.5", "temperature must be numbers with commas between, such as 2,4,8, got ''"),
        ("2,,4", "0.5", "temperature must be numbers with commas between"),
        ("2;4", "0.5", "temperature must be numbers with commas between"),
        ("4", "half", "alpha must be numbers with commas between"),
        ("4,0", "0.5", r"temperature must be from 0\.01 to 100, got 0\.0"),
        ("nan", "0.5", r"temperature must be from 0\.01 to 100, got nan"),
        ("101", "0.5", r"temperature must be from 0\.01 to 100, got 101\.0"),
        ("4", "0.5,1.5", r"alpha must be 0 <= alpha <= 1, got 1\.5"),
        ("4", "nan", "alpha must be 0 <= alpha <= 1, got nan"),
        (
            ",".join(map(str, range(1, 10))),
            "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8",
            "at most 64 pairs in all, got 72",
        ),
    ],
)
def test_what_cannot_be_tried_is_refused(temperature, alpha, message):
    with pytest.raises(InvalidParameter, match=message):
        grid(temperature, alpha)


def test_numbers_have_no_temperatures_to_choose_from():
    hold_fit(grid("4", "0.2,0.5"), Task("regression", "y"))
    hold_fit(grid("2,4", "0.5"), Task("binary", "y", ("no", "yes")))
    with pytest.raises(InvalidParameter, match="temperature must be left out for a regression"):
        hold_fit(grid("2,4", "0.5"), Task("regression", "y"))

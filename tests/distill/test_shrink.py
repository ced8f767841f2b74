import pytest

from mlflow_prod.distill import shrink
from mlflow_prod.errors import InvalidParameter


def test_widths_shrink_and_layers_stay():
    assert shrink("128,64", 0.25) == "32,16"
    assert shrink(" 128 , 3", 0.1) == "13,1"


@pytest.mark.parametrize("factor", [0, 1, -0.5, 4, float("nan")])
def test_a_factor_that_does_not_shrink_is_refused(factor):
    with pytest.raises(InvalidParameter, match="shrink must be between 0 and 1"):
        shrink("64", factor)


@pytest.mark.parametrize("units", ["", "64,", "a", "-3", "0", "1.5", "9" * 400, "8," * 40 + "8"])
def test_units_that_are_no_widths_are_refused(units):
    with pytest.raises(InvalidParameter, match="units must be 1 to 32 whole numbers from 1 to 4096"):
        shrink(units, 0.5)

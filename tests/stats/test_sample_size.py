import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.stats import growth_to_decide, newcombe, wilson

THOUSANDTHS = st.integers(-1000, 1000).map(lambda number: number / 1000)


@settings(deadline=None)
@given(THOUSANDTHS, st.floats(0.01, 2), THOUSANDTHS)
def test_a_normal_interval_needs_the_square_of_how_far_it_reaches(value, half, margin):
    found = growth_to_decide(lambda growth: (value - half / growth**0.5, value + half / growth**0.5), margin)
    needed = (half / abs(value - margin)) ** 2 if value != margin else np.inf
    if needed > 1e6:
        assert found == np.inf
    else:
        assert found == pytest.approx(max(1.0, needed), rel=1e-5)


def test_so_many_rows_decide_and_one_percent_fewer_do_not():
    def interval(growth):
        one, other = ((hits / n, *wilson(hits * growth, n * growth)) for hits, n in ((40, 100), (50, 100)))
        return tuple(float(end) for end in newcombe(other, one))

    growth = growth_to_decide(interval, 0.05)
    assert 5 < growth < 1_000
    assert interval(growth)[0] >= 0.05 - 1e-9 and interval(0.99 * growth)[0] < 0.05


def test_an_interval_without_ends_is_refused():
    with pytest.raises(InvalidParameter, match="interval must be"):
        growth_to_decide(lambda growth: (np.nan, np.nan), 0.1)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from mlflow_prod.distill import Comparison, seeds_from
from mlflow_prod.errors import InvalidParameter

SHARES = st.lists(st.floats(0, 1), min_size=10, max_size=10).map(lambda values: np.round(values, 3))


def compared(alone, distilled, figure="accuracy"):
    return Comparison(figure, 0.95, tuple(range(len(alone))), tuple(alone), tuple(distilled))


@given(SHARES)
def test_the_verdict_is_that_of_a_paired_t_test(values):
    alone, taught = values[:5], values[5:]
    if np.ptp(taught - alone) < 1e-9:
        return
    peer = ttest_rel(taught, alone)
    gain = compared(alone, taught).gain
    interval = peer.confidence_interval(0.95)
    assert (gain.value, gain.low, gain.high) == pytest.approx((np.mean(taught - alone), *interval), abs=1e-9)
    if abs(peer.pvalue - 0.05) > 1e-6:
        assert compared(alone, taught).helps == (peer.pvalue < 0.05 and peer.statistic > 0)


def test_of_losses_the_lower_one_is_the_better():
    worse, better = [0.5, 0.52, 0.51, 0.5, 0.53], [0.4, 0.43, 0.41, 0.4, 0.42]
    assert compared(worse, better, "log_loss").helps
    assert not compared(worse, better).helps
    assert compared(worse, better, "log_loss").gain.value == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("taught", "said"),
    [
        (
            [0.9, 0.91, 0.92, 0.9, 0.91],
            "beats itself trained alone: accuracy 0.908 against 0.808, gain 0.1 [",
        ),
        ([0.7, 0.9, 0.8, 0.85, 0.79], "does not beat itself trained alone"),
        ([0.7, 0.71, 0.72, 0.7, 0.71], "is worse than itself trained alone"),
    ],
)
def test_the_verdict_is_said_in_words(taught, said):
    found = compared([0.8, 0.81, 0.82, 0.8, 0.81], taught)
    assert said in str(found)
    assert str(found).endswith("over 5 seeds; teacher 0.95")


def test_figures_are_measures_and_a_table():
    found = compared([0.8] * 5, [0.8] * 5)
    assert [measure.name for measure in found.measures] == [
        "gain/accuracy",
        "accuracy/distilled",
        "accuracy/alone",
        "accuracy/teacher",
    ]
    assert (found.gain.value, found.gain.low, found.gain.high, found.gain.n) == (0, 0, 0, 5)
    assert not found.helps
    assert list(found.table) == ["seed", "teacher", "alone", "distilled"]
    assert len(found.table) == 5


def test_what_compares_nothing_is_refused():
    with pytest.raises(InvalidParameter, match="seeds must be at least 5 for a comparison, got 2"):
        compared([0.8, 0.9], [0.8, 0.9])
    with pytest.raises(InvalidParameter, match="distilled must be one finite figure for each seed"):
        compared([0.8] * 5, [0.8] * 4)
    with pytest.raises(InvalidParameter, match="alone must be one finite figure for each seed"):
        compared([np.nan] * 5, [0.8] * 5)
    for count in (-1, 0, 2, 4, 1001, 2**31 - 1):
        with pytest.raises(
            InvalidParameter, match="seeds must be 1, which compares nothing, or from 5 to 1000"
        ):
            seeds_from(0, count)
    assert seeds_from(3, 1) == (3,)
    assert seeds_from(3, 5) == (3, 4, 5, 6, 7)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.profile import Scale

SCORES = st.lists(
    st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0, 0.1 + 0.2, 5e-324]), min_size=1, max_size=50
)


@settings(deadline=None)
@given(SCORES, st.lists(st.floats(0, 1), max_size=3))
def test_scores_lie_in_the_bin_that_a_search_finds(scores, thresholds):
    for scale in (Scale.logits(thresholds), Scale.of(np.array(scores), thresholds)):
        for values in (np.array(scores), np.array(scores, np.float32)):
            places = scale.place(values)
            assert np.array_equal(places, np.searchsorted(scale.edges, values, side="right"))
            assert places.max() < scale.bins


@settings(deadline=None)
@given(SCORES, st.floats(0, 1))
def test_counts_from_a_threshold_up_are_exact(scores, threshold):
    values = np.array(scores)
    scale = Scale.logits((threshold,))
    assert ((scale.place(values) >= scale.first(threshold)) == (values >= threshold)).all()


def test_few_scores_have_a_bin_each_and_many_share_them():
    rng = np.random.default_rng(0)
    few, many = rng.random(2_000), rng.random(3_000)
    assert Scale.of(few).exact and len(np.unique(Scale.of(few).place(few))) == 2_000
    assert not Scale.of(many).exact and Scale.of(many).bins < 600


@settings(deadline=None)
@given(SCORES, st.lists(st.floats(0, 1), max_size=3))
def test_scores_lie_between_the_ends_of_their_bins_and_in_its_tenth(scores, thresholds):
    values = np.array(scores)
    for scale in (Scale.logits(thresholds), Scale.of(values, thresholds)):
        places = scale.place(values)
        least, most = scale.ends
        assert len(least) == len(most) == len(scale.tenths) == scale.bins
        assert (least[places] <= values).all() and (values <= most[places]).all()
        tenth = np.searchsorted(np.arange(1, 10) / 10, values, side="right")
        assert np.array_equal(scale.tenths[places], tenth)
        if scale.exact:
            assert np.array_equal(least[places], values) and np.array_equal(most, least)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_that_no_score_can_have_is_refused(threshold):
    with pytest.raises(InvalidParameter, match="threshold must be between 0 and 1"):
        Scale.logits((threshold,))

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.compress import AUTO, Candidate, choose, front, front_table
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import Measure

# Few values, so that candidates tie and beat each other often.
SMALL = st.integers(0, 3).map(float)


@st.composite
def candidate(draw, recipe="one"):
    loss = draw(SMALL)
    ends = loss - draw(SMALL), loss + draw(SMALL)
    return Candidate(recipe, loss, *ends, *(draw(SMALL) for _ in range(4)))


@st.composite
def candidates(draw, least=0):
    count = draw(st.integers(least, 8))
    return [draw(candidate(f"recipe {at}")) for at in range(count)]


def beats(one, other):
    return one.costs != other.costs and all(a <= b for a, b in zip(one.costs, other.costs, strict=True))


@given(candidates())
def test_nobody_on_the_front_is_beaten_and_everybody_off_it_is_by_one_on_it(found):
    best = front(found)
    assert not any(beats(other, one) for one in best for other in found)
    assert all(any(beats(other, one) for other in best) for one in found if one not in best)
    assert bool(best) == bool(found)


@given(candidates(), st.floats(0, 4))
def test_who_is_chosen_is_tolerable_and_none_that_is_tolerable_is_smaller(found, tolerance):
    chosen = choose(found, tolerance)
    tolerable = [one for one in found if one.loss_high <= tolerance]
    assert (chosen is None) == (not tolerable)
    if chosen is not None:
        assert chosen in tolerable
        assert chosen.gzip_bytes == min(one.gzip_bytes for one in tolerable)
        assert chosen in front(tolerable)


@given(candidates(1), st.data(), st.floats(0, 4))
def test_one_more_that_is_beaten_changes_nothing(found, data, tolerance):
    base = data.draw(st.sampled_from(found))
    more = data.draw(st.tuples(*[SMALL] * 5).filter(any))
    names = ("loss_high", "bytes", "gzip_bytes", "latency", "arena")
    worse = {name: getattr(base, name) + extra for name, extra in zip(names, more, strict=True)}
    beaten = dataclasses.replace(base, recipe="beaten", **worse)
    assert front([*found, beaten]) == front(found)
    assert choose([*found, beaten], tolerance) == choose(found, tolerance)


@given(candidates(), st.randoms(use_true_random=False), st.floats(0, 4))
def test_order_does_not_matter(found, random, tolerance):
    shuffled = random.sample(found, len(found))
    assert set(front(shuffled)) == set(front(found))
    assert choose(shuffled, tolerance) == choose(found, tolerance)


@settings(deadline=None)
@given(candidates(), st.floats(0, 4))
def test_the_table_tells_the_same_smallest_first(found, tolerance):
    table = front_table(found, tolerance)
    assert table["gzip_bytes"].is_monotonic_increasing and len(table) == len(found)
    assert set(table.loc[table["on_front"], "recipe"]) == {one.recipe for one in front(found)}
    chosen = choose(found, tolerance)
    assert table.loc[table["chosen"], "recipe"].tolist() == ([chosen.recipe] if chosen else [])


MEASURED = (
    Measure("difference/accuracy", -0.01, -0.02, 0.005),
    Measure("difference/log_loss", 0.3, 0.2, 0.4),
    Measure("difference/accuracy", -0.5, -0.6, -0.4, slice=(("sex", "Female"),)),
    Measure("bytes", 100),
    Measure("gzip_bytes", 60),
    Measure("arena", 30),
    Measure("p50", 0.2),
    Measure("agreement", 0.1, against="f" * 64),
)


def test_a_candidate_is_read_from_what_was_measured():
    assert Candidate.of("int8", MEASURED) == Candidate("int8", 0.01, -0.005, 0.02, 100, 60, 0.2, 30)


def test_of_numbers_the_loss_is_the_rise_of_the_error():
    found = Candidate.of("int8", [Measure("difference/mae", 0.5, 0.4, 0.7), *MEASURED[3:]])
    assert (found.loss, found.loss_low, found.loss_high) == (0.5, 0.4, 0.7)


def test_no_loss_has_no_sign():
    found = Candidate.of("int8", [Measure("difference/accuracy", 0.0, -0.1, 0.0), *MEASURED[3:]])
    assert str((found.loss, found.loss_low, found.loss_high)) == "(0.0, 0.0, 0.1)"


@pytest.mark.parametrize(
    ("measures", "message"),
    [
        (MEASURED[1:], "int8: measures must be with difference/accuracy"),
        (MEASURED[:4], "int8: measures must be with gzip_bytes, p50, arena"),
        ([Measure("difference/accuracy", 0.0), *MEASURED[3:]], "one with an interval"),
    ],
)
def test_what_was_not_measured_is_named(measures, message):
    with pytest.raises(InvalidParameter, match=message):
        Candidate.of("int8", measures)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"latency": float("nan")}, "int8: latency must be a finite number"),
        ({"loss": 0.5}, "int8: loss must be within its interval"),
    ],
)
def test_figures_that_are_none_are_refused(changed, message):
    with pytest.raises(InvalidParameter, match=message):
        dataclasses.replace(Candidate.of("int8", MEASURED), **changed)


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf")])
def test_a_tolerance_that_is_none_is_refused(tolerance):
    with pytest.raises(InvalidParameter, match="tolerance must be finite and >= 0"):
        choose([], tolerance)


def test_recipes_that_are_tried_end_in_a_converter_each_and_differ():
    assert len(set(AUTO)) == len(AUTO)
    assert {recipe.rpartition("+")[2] for recipe in AUTO} == {
        "float16", "dynamic_range", "weight_only", "int8", "int16x8", "int4",
    }  # fmt: skip

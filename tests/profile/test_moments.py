import math
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.profile import Moments, Numbers

PARTS = st.lists(st.lists(st.floats(-1e100, 1e100), max_size=30), min_size=1, max_size=6)


def _of(values):
    return Numbers.of(np.array(values, np.float64)).moments


def _exactly(values):
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    return mean, sum((value - mean) ** 2 for value in exact) / len(exact)


@settings(deadline=None)
@given(PARTS, st.randoms())
def test_moments_of_parts_are_those_of_all_values_to_1e_12_in_any_order(parts, random):
    values = [value for part in parts for value in part]
    moments = [_of(part) for part in parts]
    random.shuffle(moments)
    total = reduce(Moments.__add__, moments)
    assert total.n == len(values)
    if not values:
        assert math.isnan(total.mean) and math.isnan(total.variance)
        return
    mean, variance = _exactly(values)
    largest = max(map(abs, values))
    assert abs(Fraction(total.mean) - mean) <= Fraction(1e-12) * abs(mean) + Fraction(1e-15) * Fraction(
        largest
    )
    assert abs(Fraction(total.variance) - variance) <= Fraction(1e-12) * variance + Fraction(
        1e-29
    ) * Fraction(largest) ** 2 + Fraction(1e-300)


@pytest.mark.parametrize(("centre", "spread"), [(0, 1), (1e6, 10), (1.7e9, 100), (-1e12, 1e3)])
def test_values_far_from_zero_keep_their_variance(centre, spread):
    values = np.random.default_rng(0).normal(centre, spread, 20_000)
    mean, variance = _exactly(values)
    parts = [_of(part) for part in np.array_split(values, 37)]
    for found in (_of(values), reduce(Moments.__add__, parts), reduce(Moments.__add__, parts[::-1])):
        assert found.mean == pytest.approx(float(mean), rel=1e-15)
        assert found.variance == pytest.approx(float(variance), rel=1e-12)


def test_missing_and_infinite_values_are_left_out():
    found = _of([1.0, np.nan, 3.0, np.inf, -np.inf])
    assert (found.n, found.mean, found.variance) == (2, 2.0, 1.0)


def test_a_constant_has_no_variance():
    found = reduce(Moments.__add__, [_of([0.1] * n) for n in (3, 1_000, 7)])
    assert found.mean == 0.1 and found.variance == pytest.approx(0, abs=1e-30)


def test_sums_beyond_a_float_are_not_known_rather_than_wrong():
    found = _of([1e200, -1e200])
    assert found.mean == 0 and math.isnan(found.variance)
    assert math.isnan(_of([1.7e308] * 3).mean)
    assert math.isnan((_of([1.7e308]) + _of([1.7e308])).mean)
    assert math.isnan((_of([1.7e308] * 3) + _of([1.0])).variance)

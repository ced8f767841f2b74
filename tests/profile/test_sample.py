from collections import Counter
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.profile import Sample
from tests.profile.tables import table

COLUMNS = ("income", "children", "owner", "since")


def _equal(a, b):
    assert np.array_equal(a.values, b.values, equal_nan=True)
    assert np.array_equal(a.hashes, b.hashes) and np.array_equal(a.counts, b.counts)
    assert a.seen == b.seen


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=5),
    st.integers(0, 9),
    st.sampled_from([COLUMNS, ("children", "owner")]),
    st.randoms(),
)
def test_samples_add_in_any_order_to_that_of_all_rows(sizes, seed, columns, random):
    parts = [table(n, seed + at) for at, n in enumerate(sizes)]
    whole = Sample.of(pd.concat(parts), columns, most=50)
    found = [Sample.of(part, columns, most=50) for part in parts]
    random.shuffle(found)
    _equal(reduce(Sample.__add__, found), whole)
    _equal(reduce(lambda a, b: b + a, found), whole)
    assert len(whole.hashes) <= 50 and whole.seen == sum(sizes)


def test_rows_are_those_of_the_table_and_equal_ones_are_counted():
    frame = table(5_000)[["children", "owner"]].astype(float)
    sample = Sample.of(frame, ("children", "owner"), most=7)
    assert len(sample.table) == 7
    counts = Counter(map(tuple, frame.to_numpy().tolist()))
    for row, count in zip(sample.table.to_numpy().tolist(), sample.counts.tolist(), strict=True):
        assert counts[tuple(row)] == count


def test_different_rows_are_drawn_evenly_and_another_seed_draws_others():
    values = np.arange(20_000.0)
    frame = pd.DataFrame({"x": values, "constant": 1.0})
    samples = [Sample.of(frame, ("x", "constant"), most=500, seed=seed) for seed in range(40)]
    drawn = np.concatenate([sample.table["x"] for sample in samples])
    assert kstest(drawn / 20_000, "uniform").pvalue > 1e-3
    assert chisquare(np.bincount((drawn % 8).astype(int))).pvalue > 1e-3
    assert len(np.intersect1d(samples[0].table["x"], samples[1].table["x"])) < 40


def test_a_batch_and_a_table_have_the_same_sample():
    frame = table(3_000)
    batch = pa.RecordBatch.from_pandas(frame, preserve_index=False)
    _equal(Sample.of(frame, COLUMNS, most=100), Sample.of(batch, COLUMNS, most=100))


def test_zeros_of_either_sign_and_all_missing_values_are_the_same():
    frame = pd.DataFrame({"x": [0.0, -0.0, np.nan, -np.nan]})
    assert Sample.of(frame, ("x",)).counts.tolist() == [2, 2]


def test_none_is_kept_where_none_is_asked_for():
    sample = Sample.of(table(), COLUMNS, most=0)
    assert len(sample.table) == 0 and (sample + sample).seen == 2_000


SAMPLE = Sample.of(table(), COLUMNS)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Sample.of(table(), ("city",)), DataError, "'city' holds texts, which are never sampled"),
        (lambda: Sample.of(table(), ("incom",)), DataError, "no column 'incom': did you mean 'income'"),
        (lambda: Sample.of(table(), COLUMNS, most=-1), InvalidParameter, "most must be >= 0, got -1"),
        (lambda: SAMPLE + Sample.of(table(), COLUMNS, seed=1), DataError, "same columns, size and seed"),
        (lambda: SAMPLE + Sample.of(table(), COLUMNS[:2]), DataError, "same columns, size and seed"),
    ],
)
def test_what_cannot_be_sampled_or_added_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_is_no_64_bit_number_is_refused(seed):
    with pytest.raises(InvalidParameter, match="seed must be from 0 to"):
        Sample.of(pd.DataFrame({"a": [1.0]}), ["a"], seed=seed)

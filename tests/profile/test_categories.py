from collections import Counter
from functools import reduce

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.errors import DataError
from mlflow_prod.profile import Categories, categories, radix

TEXTS = st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=3), max_size=40)


def _of(values):
    return Categories.of(pa.array(values, pa.string()))


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.randoms())
def test_categories_are_counted_as_a_counter_does_in_any_order(parts, random):
    found = [_of(part) for part in parts]
    random.shuffle(found)
    total = reduce(Categories.__add__, found)
    counts = Counter(value for part in parts for value in part)
    assert (total.missing, total.others) == (counts.pop(None, 0), 0)
    assert total.counts == counts
    assert total.rows == sum(map(len, parts))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 99), st.integers(2, 6), st.randoms())
def test_of_too_many_the_same_are_kept_in_any_order_and_counted_exactly(seed, pieces, random):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 14_000, 60_000).astype(str)
    whole = _of(values)
    assert len(whole.counts) == categories.MOST and whole.others > 0 and whole.rows == len(values)
    counts = Counter(values.tolist())
    assert all(counts[text] == rows for text, rows in whole.counts.items())
    parts = [_of(part) for part in np.array_split(values, pieces)]
    random.shuffle(parts)
    left, right = reduce(Categories.__add__, parts), reduce(lambda a, b: b + a, parts)
    assert left == right == whole


def test_a_dictionary_with_twice_the_same_missing_and_unused_values_is_read():
    coded = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, 2, None, 3]), pa.array(["a", "b", "a", None, "c"])
    )
    assert Categories.of(coded) == Categories({"a": 3, "b": 1}, missing=2)
    numbers = pa.array([7, 8, 7]).dictionary_encode()
    assert Categories.of(numbers).counts == {"7": 2, "8": 1}


def test_it_is_known_which_texts_would_have_been_counted():
    texts = [f"t{at}" for at in range(14_000)]
    column = _of(texts)
    assert column.would_count(texts).tolist() == [text in column.counts for text in texts]
    assert Categories({"a": 1}).would_count(["a", "b"]).all() and column.would_count([]).shape == (0,)


def test_a_slice_of_an_array_is_hashed_as_its_texts_are():
    texts = pa.array([f"text {n}" for n in range(30)], pa.large_string())
    ends, letters = categories._letters(texts.slice(10, 5))
    assert np.array_equal(
        radix.hash_texts(ends, letters), radix.hash_texts(*categories._letters(texts))[10:15]
    )


def test_the_hash_is_the_same_on_every_machine():
    # FNV-1a of b"" and b"a" as its authors publish them, finished as MurmurHash3 does.
    ends, letters = np.array([0, 0, 1]), np.frombuffer(b"a", np.uint8)

    def mixed(h):
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            h = (h ^ h >> 33) * factor % 2**64
        return h ^ h >> 33

    expected = [mixed(0xCBF29CE484222325), mixed(0xAF63DC4C8601EC8C)]
    assert radix.hash_texts(ends, letters).tolist() == expected


@pytest.mark.parametrize("bad", [{"a": 0}, {str(n): 1 for n in range(10_001)}])
def test_what_is_no_count_is_refused(bad):
    with pytest.raises(DataError, match="counts > 0 of at most 10000 texts"):
        Categories(bad)

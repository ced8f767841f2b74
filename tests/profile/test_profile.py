from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer

from mlflow_prod.data.batches import batches
from mlflow_prod.errors import DataError
from mlflow_prod.profile import Numbers, Profile
from tests.profile.tables import same, table

BASE = table()
PROFILE = Profile.of(BASE, np.full(len(BASE), 0.25))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(0, 99), st.randoms())
def test_profiles_add_in_any_order_and_grouping(sizes, seed, random):
    parts = [table(n, seed + at) for at, n in enumerate(sizes)]
    whole = Profile.of(pd.concat(parts, ignore_index=True))
    found = [Profile.of(part) for part in parts]
    random.shuffle(found)
    same(reduce(Profile.__add__, found), whole)
    same(reduce(lambda a, b: b + a, found), whole)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 9_000), min_size=1, max_size=5), st.integers(0, 99))
def test_counting_more_rows_is_adding_their_profile(sizes, seed):
    parts = [table(n, seed + at) for at, n in enumerate(sizes)]
    found = Profile.of(parts[0])
    for part in parts[1:]:
        found = found.count(part)
    same(found, Profile.of(pd.concat(parts, ignore_index=True)))


@pytest.mark.parametrize("size", [1_000, 1_009, 4_000])
def test_batches_of_any_size_of_a_parquet_folder_give_the_table_s_profile(tmp_path, size):
    whole = table(10_000)
    for at, start in enumerate(range(0, len(whole), 4_000)):
        part = pa.Table.from_pandas(whole[start : start + 4_000], preserve_index=False)
        pq.write_table(part, tmp_path / f"{at}.parquet", row_group_size=size)
    read = batches(tmp_path, list(whole.columns), texts=["city"])
    found = Profile.of(next(read))
    for batch in read:
        found = found.count(batch)
    same(found, Profile.of(whole))


def test_a_batch_and_a_table_of_the_same_rows_have_the_same_profile():
    batch = pa.RecordBatch.from_pandas(BASE, preserve_index=False)
    same(Profile.of(batch, np.full(len(BASE), 0.25)), PROFILE)
    assert PROFILE.rows == 1_000 and list(PROFILE.columns) == [*BASE.columns, "prediction"]


def test_rows_of_no_table_are_counted_as_none():
    same(Profile.of(BASE[:0]) + Profile.of(BASE), Profile.of(BASE))


def test_the_order_of_columns_does_not_matter():
    same(Profile.of(BASE[BASE.columns[::-1]]) + Profile.of(BASE), Profile.of(BASE) + Profile.of(BASE))


def test_multiclass_scores_are_counted_as_the_likeliest_class():
    scores = np.eye(3)[np.arange(1_000) % 3]
    prediction = Profile.of(BASE, scores).columns["prediction"]
    assert prediction == Numbers.of(np.arange(1_000) % 3)


def test_figures_of_real_columns_are_numpy_s():
    frame = load_breast_cancer(as_frame=True).data
    profile = Profile.of(frame[300:]).count(frame[:300])
    for name, column in profile.columns.items():
        values = frame[name].to_numpy()
        assert column.moments.mean == pytest.approx(values.mean(), rel=1e-12)
        assert column.moments.variance == pytest.approx(values.var(), rel=1e-12)
        for q in (0, 0.1, 0.5, 0.9, 1):
            assert column.histogram.quantile(q)[0] == np.quantile(values, q, method="inverted_cdf")


def test_a_score_that_is_none_is_a_missing_answer():
    scores = np.eye(3)[np.arange(1_000) % 3]
    scores[:7, 1] = np.nan
    assert Profile.of(BASE, scores).columns["prediction"].missing == 7
    assert Profile.of(BASE, scores[:, 1]).columns["prediction"].missing == 7


def test_images_are_summarised_not_stored():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (1_500, 6, 6, 1), dtype=np.uint8)
    profile = Profile.of(images)
    assert list(profile.columns) == ["brightness", "contrast", "detail"]
    pixels = images.reshape(1_500, -1).astype(float)
    for name, true in (("brightness", pixels.mean(axis=1)), ("contrast", pixels.std(axis=1))):
        column = profile.columns[name]
        assert column.histogram == Numbers.of(true).histogram
        assert column.moments.mean == pytest.approx(true.mean())
    steps = [np.abs(np.diff(images.astype(float), axis=axis)).sum() for axis in (1, 2)]
    assert profile.columns["detail"].moments.mean == pytest.approx(sum(steps) / (60 * 1_500))
    same(Profile.of(images[:700]) + Profile.of(images[700:]), profile)


def test_a_single_pixel_has_no_detail():
    assert Profile.of(np.ones((20, 1, 1, 3), np.uint8)).columns["detail"] == Numbers.of(np.zeros(20))


ADDED = Profile.of(BASE)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ADDED + Profile.of(BASE.drop(columns="city")), r"lost \['city'\], new none"),
        (lambda: ADDED + Profile.of(BASE.assign(age=1)), r"lost none, new \['age'\]"),
        (lambda: ADDED + Profile.of(BASE.rename(columns={"city": "citty"})), "did you mean 'citty'"),
        (lambda: PROFILE + ADDED, r"lost \['prediction'\]"),
        (lambda: ADDED + Profile.of(BASE.assign(city=1.0)), "'city' holds numbers and texts"),
        (lambda: Profile.of(BASE, np.ones(3)), "a row for each of the 1000 rows, got 3"),
        (lambda: Profile.of(BASE, np.ones(())), "a row for each of the 1000 rows"),
        (lambda: Profile.of(BASE, np.ones((1_000, 2, 2))), "scores must have shape"),
        (lambda: Profile.of(BASE, np.array(["a"] * 1_000)), "scores must be numbers"),
        (
            lambda: Profile.of(BASE.rename(columns={"city": "prediction"}), np.ones(1_000)),
            "no input may be called",
        ),
        (lambda: Profile.of(BASE[["city", "city"]]), "named once each"),
        (lambda: Profile.of(np.ones((5, 3))), "images must have shape"),
        (lambda: Profile(7, ADDED.columns), "counts 1000 rows, the profile 7"),
    ],
)
def test_what_cannot_be_counted_or_added_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call()

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.errors import DataError
from mlflow_prod.profile import Profile


def _table(n=1_000, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(10, 1, n)),
            "children": rng.integers(0, 5, n).astype(float),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], n, p=[0.6, 0.399, 0.001]),
            "owner": rng.random(n) < 0.5,
        }
    )


def _scores(table):
    return np.full(len(table), 0.25)


BASE = _table()
BASELINE = Profile.of(BASE, _scores(BASE))


@given(st.tuples(*[st.integers(0, 40)] * 3), st.integers(0, 99))
def test_profiles_add_exactly_in_any_order_and_grouping(sizes, seed):
    parts = [_table(n, seed + at) for at, n in enumerate(sizes)]
    a, b, c = (BASELINE.count(part, _scores(part)) for part in parts)
    together = pd.concat(parts)
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == BASELINE.count(together, _scores(together))


def test_a_reference_counts_as_any_other_rows_do():
    assert BASELINE.count(BASE, _scores(BASE)) == BASELINE
    assert BASELINE.rows == 1_000 and list(BASELINE.columns) == [*BASE.columns, "prediction"]


def test_a_profile_survives_json():
    assert Profile.from_dict(json.loads(json.dumps(BASELINE.to_dict()))) == BASELINE


def test_the_order_of_columns_does_not_matter():
    assert BASELINE.count(BASE[BASE.columns[::-1]], _scores(BASE)) == BASELINE


def test_multiclass_scores_are_counted_as_the_likeliest_class():
    scores = np.eye(3)[np.arange(1_000) % 3]
    assert Profile.of(BASE, scores).columns["prediction"].counts == (334, 333, 333, 0)


def test_images_are_summarised_not_stored():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (1_500, 6, 6, 1), dtype=np.uint8)
    baseline = Profile.of(images)
    assert list(baseline.columns) == ["brightness", "contrast", "detail"]
    assert baseline.count(images) == baseline
    darker = baseline.count((images * 0.5).astype(np.float32))
    assert all(darker.columns[name].counts[0] > 1_200 for name in baseline.columns)


def test_a_single_pixel_has_no_detail():
    assert Profile.of(np.ones((20, 1, 1, 3), np.uint8)).columns["detail"].cuts == (0.0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BASELINE.count(BASE.drop(columns="city"), _scores(BASE)), r"lost \['city'\], new none"),
        (lambda: BASELINE.count(BASE.assign(age=1), _scores(BASE)), r"lost none, new \['age'\]"),
        (
            lambda: BASELINE.count(BASE.rename(columns={"city": "citty"}), _scores(BASE)),
            "did you mean 'citty'",
        ),
        (lambda: BASELINE.count(BASE), r"lost \['prediction'\]"),
        (lambda: BASELINE.count(BASE, np.ones(3)), "a row for each of the 1000 rows, got 3"),
        (lambda: Profile.of(BASE.iloc[:0]), "at least one row"),
        (
            lambda: Profile.of(BASE.rename(columns={"city": "prediction"}), _scores(BASE)),
            "no input may be called",
        ),
        (lambda: Profile.of(BASE[["city", "city"]]), "named once each"),
        (lambda: Profile.of(np.ones((5, 3))), "images must have shape"),
        (lambda: BASELINE + Profile.of(BASE), "only one of them has"),
        (lambda: Profile.from_dict({"version": 1}), "exactly the keys"),
        (
            lambda: Profile.from_dict(BASELINE.to_dict() | {"version": 2}),
            "version of a profile must be 1, got 2",
        ),
        (lambda: Profile.from_dict(BASELINE.to_dict() | {"rows": 7}), "counts 1000 rows, the profile 7"),
        (lambda: Profile.from_dict(BASELINE.to_dict() | {"columns": []}), "columns an object"),
    ],
)
def test_what_cannot_be_counted_or_added_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call()

import json

import numpy as np
import pytest

from mlflow_prod.errors import DataError
from mlflow_prod.profile import Baseline, Profile
from tests.profile.tables import table

BASE = table()
BASELINE = Baseline.of(Profile.of(BASE, np.full(len(BASE), 0.25)))


def test_a_baseline_survives_json():
    assert Baseline.from_dict(json.loads(json.dumps(BASELINE.to_dict()))) == BASELINE


def test_a_baseline_counts_the_rows_of_its_profile():
    assert BASELINE.rows == 1_000 and list(BASELINE.columns) == [*BASE.columns, "prediction"]
    assert BASELINE.columns["income"].missing == BASE["income"].isna().sum()


def test_it_is_the_same_however_its_profile_was_added_up():
    scores = np.full(len(BASE), 0.25)
    parts = [Profile.of(BASE[at : at + 97], scores[at : at + 97]) for at in range(0, len(BASE), 97)]
    total = parts[-1]
    for part in parts[:-1]:
        total = total + part
    assert Baseline.of(total) == BASELINE


def test_no_single_row_s_value_is_in_it():
    lone = np.random.default_rng(0).normal(size=len(BASE))
    stored = json.dumps(Baseline.of(Profile.of(BASE.assign(lone=lone))).to_dict())
    assert repr(float(lone.min())) not in stored and repr(float(lone.max())) not in stored
    assert "Rome" in stored and "Bonn" not in stored


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Baseline.of(Profile.of(BASE[:0])), "at least one row"),
        (lambda: Baseline.from_dict({"version": 2}), "exactly the keys"),
        (lambda: Baseline.from_dict([]), "exactly the keys"),
        (
            lambda: Baseline.from_dict(BASELINE.to_dict() | {"version": 1}),
            "version of a baseline must be 2, got 1; an older release wrote it: log the model again",
        ),
        (lambda: Baseline.from_dict(BASELINE.to_dict() | {"version": 3}), "must be 2, got 3$"),
        (lambda: Baseline.from_dict(BASELINE.to_dict() | {"rows": 7}), "counts 1000 rows, the baseline 7"),
        (lambda: Baseline.from_dict(BASELINE.to_dict() | {"rows": 7.0}), "a whole number"),
        (lambda: Baseline.from_dict(BASELINE.to_dict() | {"columns": []}), "columns an object"),
    ],
)
def test_what_is_no_baseline_is_refused(call, message):
    with pytest.raises(DataError, match=message):
        call()

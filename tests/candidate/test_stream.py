from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.candidate import Wanted, answer_all
from mlflow_prod.candidate.findings import findings_of
from mlflow_prod.data import Part, Task
from mlflow_prod.errors import DataError

REPAID = Task("binary", "repaid", ("no", "yes"))


class Scorer:
    task = REPAID

    def predict(self, features):
        return 1 / (1 + np.exp(-features["income"].to_numpy() / 10))


@pytest.fixture(scope="module")
def part():
    rng = np.random.default_rng(0)
    n = 3_000
    income = rng.normal(size=n) * 20
    features = pd.DataFrame(
        {
            "income": income,
            # Each part knows other towns.
            "town": [f"town {number}" for number in rng.integers(0, 4, n) + 2 * (np.arange(n) >= 1_000)],
            "told": rng.choice(["a", "b", None], n),
        }
    )
    groups = pd.DataFrame({"sex": rng.choice(["Female", "Male"], n)})
    target = (rng.random(n) < 1 / (1 + np.exp(-income / 10))).astype(int)
    return Part(features, target, groups, rng.uniform(0.5, 2, n), np.arange(n, dtype=np.float64))


def in_parts(part, sizes):
    starts = np.cumsum([0, *sizes])
    return [part.take(np.arange(a, b)) for a, b in pairwise(starts)]


@pytest.mark.parametrize("wanted", [Wanted(), Wanted.read("town", "income > 10 and sex == 'Female'")])
def test_what_is_kept_of_parts_has_the_findings_of_all_rows(part, wanted):
    kept, (answered,), rows = answer_all([Scorer()], in_parts(part, [1_000, 1_500, 500]), wanted)
    assert len(rows) == len(kept) == len(part)
    scores = Scorer().predict(part.features)
    assert np.array_equal(answered.answer(kept.features).values, scores)
    whole = findings_of(REPAID, part, scores, {}, wanted=wanted)
    found = findings_of(REPAID, kept, scores, {}, wanted=wanted)
    for name in ("slices", "parity", "references", "worst", "next_work", "over_time", "reliability"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(whole, name), rtol=1e-9)
    assert len(whole.slices) > 20


def test_only_what_slices_need_is_kept(part):
    kept, _, rows = answer_all([Scorer()], in_parts(part, [2_000, 1_000]), Wanted.read("town"))
    assert list(kept.features.columns) == ["town"] and list(kept.groups.columns) == ["sex"]
    assert isinstance(kept.features["town"].dtype, pd.CategoricalDtype)
    assert len(rows.digest) == 64


def test_rows_without_labels_and_no_rows_are_refused(part):
    with pytest.raises(DataError, match="rows 2,000 and following have no labels"):
        first, second = in_parts(part, [2_000, 1_000])
        answer_all([Scorer()], [first, Part(second.features, np.empty(0), second.groups)])
    with pytest.raises(DataError, match="no rows to measure on"):
        answer_all([Scorer()], [])

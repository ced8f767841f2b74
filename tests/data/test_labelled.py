import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Task, labelled, load
from mlflow_prod.errors import DataError, InvalidParameter

ROWS = pd.DataFrame(
    {
        "note": [f"words of their own, {n}" for n in range(60)],
        "sex": ["Female", "Male"] * 30,
        "age": np.arange(20.0, 80.0),
        "mass": [1.0, 2.0, 3.0] * 20,
        "repaid": ["yes", "no", "no"] * 20,
    },
    index=range(100, 160),
)


def test_all_rows_are_there_raw_with_labels_groups_and_weights():
    task, part = labelled(ROWS, "repaid", protected=["sex", "age"], weight="mass")
    assert task == Task("binary", "repaid", ("no", "yes"))
    assert part.target.tolist() == [1, 0, 0] * 20
    assert part.groups["sex"].tolist() == ROWS["sex"].tolist()
    assert set(part.groups["age"]) >= {"under 25", "65 and over"}
    assert part.weight.tolist() == ROWS["mass"].tolist()
    pd.testing.assert_frame_equal(part.raw, ROWS.drop(columns="repaid").reset_index(drop=True))


def test_a_table_of_free_text_alone_can_be_measured_on():
    _, part = labelled(ROWS[["note", "repaid"]], "repaid")
    _, other = labelled(ROWS[["note", "repaid"]].assign(note=ROWS["note"].str.upper()), "repaid")
    assert list(part.features.columns) == ["note"]
    assert part.digest != other.digest


@pytest.mark.parametrize(
    ("values", "how", "task"),
    [
        ([1.5, 2.5], {"regression": True}, Task("regression", "y")),
        ([3, 7], {}, Task("binary", "y", ("3", "7"))),
        ([3, 7], {"positive": "3"}, Task("binary", "y", ("7", "3"))),
        (["a", "b", "c"], {}, Task("multiclass", "y", ("a", "b", "c"))),
        (["a", "b", "a"], {"classes": ("a", "b", "c")}, Task("multiclass", "y", ("a", "b", "c"))),
        (["a", "a"], {"classes": ("b", "a")}, Task("binary", "y", ("b", "a"))),
        (["a", "a"], {"classes": ("b", "a"), "positive": "b"}, Task("binary", "y", ("a", "b"))),
        (np.arange(40), {}, Task("multiclass", "y", tuple(map(str, range(40))))),
    ],
)
def test_the_task_is_what_was_said(values, how, task):
    # Each value stands twice, so that there are rows for each class.
    assert labelled(pd.DataFrame({"x": [*values, *values], "y": [*values, *values]}), "y", **how)[0] == task


def test_what_does_not_fit_is_told():
    with pytest.raises(DataError, match="did you mean 'sex'"):
        labelled(ROWS, "repaid", protected=["sx"])
    with pytest.raises(DataError, match="as protected and as target"):
        labelled(ROWS, "repaid", protected=["repaid"])
    with pytest.raises(DataError, match="weight 'age'"):
        labelled(ROWS.assign(age=-1.0), "repaid", weight="age")
    with pytest.raises(DataError, match="one class only"):
        labelled(ROWS.assign(repaid="yes"), "repaid")
    with pytest.raises(InvalidParameter, match="one of yes, no, got 'maybe'"):
        labelled(ROWS, "repaid", positive="maybe", classes=("yes", "no"))


def test_load_keeps_raw_columns_where_they_are_asked_for(tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    plain = load(str(tmp_path / "rows.csv"), target="repaid", protected="sex", weight="mass", seed=1)
    raw = load(str(tmp_path / "rows.csv"), target="repaid", protected="sex", weight="mass", seed=1, raw=True)
    assert plain.test.raw is None
    assert list(raw.test.raw.columns) == ["note", "sex", "age", "mass"]
    np.testing.assert_array_equal(raw.test.raw["age"], raw.test.features["age"])
    # Evidence of our models and of others' is about the same rows.
    assert raw.test.digest == plain.test.digest
    assert raw.given == ("note", "sex", "age")

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Task
from mlflow_prod.data.labels import encode_target, infer_task
from mlflow_prod.errors import DataError


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [
        (["no", "yes"] * 5, "binary", ("no", "yes")),
        (["approved", "refused"] * 5, "binary", ("refused", "approved")),
        (["<=50K", ">50K"] * 5, "binary", ("<=50K", ">50K")),
        ([True, False] * 5, "binary", ("False", "True")),
        ([0.0, 1.0] * 5, "binary", ("0", "1")),
        ([1, 2] * 5, "binary", ("2", "1")),
        ([1, 2, 10] * 5, "multiclass", ("1", "2", "10")),
        (["1", "2", "10"] * 5, "multiclass", ("1", "2", "10")),
        (["a", "b", "c"] * 5, "multiclass", ("a", "b", "c")),
        ([0.5, 1.5, 2.5] * 5, "regression", ()),
        (list(range(100)), "regression", ()),
    ],
)
def test_the_task_is_inferred(values, kind, classes):
    task = infer_task(pd.Series(values), "y")
    assert (task.kind, task.classes) == (kind, classes)
    codes = encode_target(task, pd.Series(values))
    if kind == "regression":
        np.testing.assert_array_equal(codes, np.array(values, float))
    else:
        assert [task.classes[code] for code in codes] == [
            str(int(v)) if isinstance(v, float) else str(v) for v in values
        ]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (pd.to_datetime(["2026-01-02", "2026-01-01"] * 5), ("2026-01-01 00:00:00", "2026-01-02 00:00:00")),
        (pd.to_timedelta([20, 1] * 5, unit="D"), ("1 days 00:00:00", "20 days 00:00:00")),
        ([3j, 1j] * 5, ("1j", "3j")),
        (pd.Series([3, True, 20] * 5, dtype=object), ("True", "3", "20")),
    ],
)
def test_classes_need_be_neither_texts_nor_numbers(values, classes):
    task = infer_task(pd.Series(values), "y")
    assert task.classes == classes
    assert set(encode_target(task, pd.Series(values))) == set(range(len(classes)))


def test_the_kind_and_the_positive_class_can_be_chosen():
    values = pd.Series([1, 2, 3] * 5)
    assert infer_task(values, "y", kind="regression").kind == "regression"
    assert infer_task(pd.Series(range(30)).repeat(3), "y", kind="multiclass").kind == "multiclass"
    assert infer_task(pd.Series(["yes", "no"] * 3), "y", positive="no").classes == ("yes", "no")


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (["a", None, "b"], {}, "target 'y' is missing in 1 of 3 rows"),
        ([1.0, np.nan, 3.0], {}, "target 'y' is missing in 1 of 3 rows"),
        ([1.0, np.inf, 3.0], {}, "target 'y' is infinite in 1 rows"),
        (["a", "a"], {}, "one class only, 'a'"),
        ([2.5, 2.5], {"kind": "regression"}, "the same value in every row"),
        (["a", "b", "c"], {"kind": "binary"}, "has 3 classes, a binary task has two"),
        ([f"name {i}" for i in range(99)], {}, "99 classes in 99 rows"),
        (["a", "b"], {"positive": "B "}, "no class 'B ' in 'y'; did you mean 'b'"),
        (["a", "b", "c"], {"positive": "a"}, "only a binary task has a positive one"),
        (["a", "b"], {"kind": "regression"}, "holds values such as 'a': regression needs numbers"),
        (pd.to_timedelta(range(9), unit="D"), {"kind": "regression"}, "holds values such as '0 days"),
        (pd.date_range("2026-01-01", periods=9), {"kind": "regression"}, "holds values such as '2026-01-01"),
        ([1j, 2j, 3], {"kind": "regression"}, "holds values such as '1j'"),
        ([[1], [1, 2]], {}, r"column None holds values that are no text \(unhashable type: 'list'\)"),
        (["a", "b"], {"kind": "binry"}, "did you mean 'binary'"),
        (["Yes", "yes", "no"], {}, "the classes 'Yes' and 'yes' differ in case or blanks only"),
        ([1e300, 2e300, 0.5], {}, "goes beyond 1e\\+15: give it in a larger unit"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused(values, options, message):
    with pytest.raises(DataError, match=message):
        infer_task(pd.Series(values), "y", **options)


def test_a_class_that_the_task_does_not_know_is_named():
    with pytest.raises(DataError, match="unknown class 'yess'; did you mean 'yes'"):
        encode_target(Task("binary", "y", ("no", "yes")), pd.Series(["yess", "no"]))

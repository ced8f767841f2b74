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
        (["a", "b"], {"kind": "regression"}, "holds text such as 'a'"),
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

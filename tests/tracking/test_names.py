from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name

from mlflow_prod.tracking.names import metric_names


@given(st.lists(st.text(max_size=300), max_size=6, unique=True))
def test_mlflow_takes_every_name_and_no_two_are_equal(titles):
    names = metric_names(titles)
    for name in names:
        _validate_metric_name(name)
        assert len(name) <= 250
    assert len(set(names)) == len(titles)


def test_what_mlflow_takes_is_left_alone():
    titles = ["accuracy", "slice/sex/Female/true_positive_rate", "slice/age/25 to 34/recall"]
    assert metric_names(titles) == titles


def test_classes_that_differ_in_signs_only_stay_apart():
    assert metric_names(["recall/<=50K", "recall/>50K"]) == ["recall/__50K", "recall/_50K"]

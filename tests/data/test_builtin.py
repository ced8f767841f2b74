import numpy as np
import pytest

from mlflow_prod.data import load
from mlflow_prod.errors import DataError


def test_digits_are_images_of_ten_classes():
    dataset = load("digits")
    assert dataset.train.features.shape[1:] == (8, 8, 1)
    assert dataset.task.classes == tuple("0123456789")
    assert dataset.train.features.max() == 16


def test_diabetes_is_a_regression_with_readable_groups():
    dataset = load("diabetes")
    assert dataset.task.kind == "regression"
    assert dataset.task.target == "progression"
    assert set(dataset.train.groups["sex"]) == {"code 1", "code 2"}
    assert dataset.train.features["age"].between(18, 80).all()


def test_malignant_is_the_positive_class_of_breast_cancer():
    dataset = load("breast_cancer")
    assert dataset.task.classes == ("benign", "malignant")
    n = sum(part.target.sum() for part in (dataset.train, dataset.validation, dataset.test))
    assert n == 212


def test_real_data_take_no_options():
    with pytest.raises(DataError, match="digits takes no options, got 'rows'"):
        load("digits?rows=3")


def test_rows_draws_that_many():
    dataset = load("digits", rows=200)
    assert sum(map(len, (dataset.train, dataset.validation, dataset.test))) == 200
    assert np.bincount(dataset.test.target, minlength=10).min() > 0

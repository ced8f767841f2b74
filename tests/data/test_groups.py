import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Column
from mlflow_prod.data.groups import bands_for, groups_of


def test_ages_fall_in_readable_bands():
    ages = pd.Series([18, 24, 25, 34, 35, 64, 65, 90, np.nan], name="age")
    column = Column("protected", "numeric", bands=bands_for(pd.Series(range(18, 91), name="age")))
    assert groups_of(ages, column).tolist() == [
        "under 25",
        "under 25",
        "25 to 34",
        "25 to 34",
        "35 to 44",
        "55 to 64",
        "65 and over",
        "65 and over",
        "missing",
    ]


def test_other_numbers_fall_in_quartiles():
    values = pd.Series(np.random.default_rng(1).normal(size=4_000), name="score")
    groups = groups_of(values, Column("protected", "numeric", bands=bands_for(values)))
    assert groups.nunique() == 4
    assert groups.value_counts().min() > 900


def test_a_code_keeps_its_values():
    codes = pd.Series([0.05068, -0.04464] * 9, name="sex")
    assert bands_for(codes) == ()
    assert set(groups_of(codes, Column("protected", "numeric"))) == {"0.05068", "-0.04464"}


@pytest.mark.parametrize(
    ("values", "type", "groups"),
    [
        (pd.Series(["a", None], dtype="str"), "category", ["a", "missing"]),
        (pd.Series([True, False]), "boolean", ["true", "false"]),
        (pd.Series([1.0, 0.0, np.nan]), "boolean", ["true", "false", "missing"]),
    ],
)
def test_each_type_gives_text(values, type, groups):
    assert groups_of(values, Column("protected", type)).tolist() == groups

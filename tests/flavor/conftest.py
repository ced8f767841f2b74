import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Column, Part, Schema
from mlflow_prod.encoder import fit


@pytest.fixture(scope="session")
def applicants():
    draw = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "age": draw.integers(18, 90, n).astype(float),
            "sex": draw.choice(["Female", "Male"], n),
            "owner": draw.random(n) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(draw.integers(0, 900, n), unit="D"),
            "grade": draw.choice(["1", "2", "3"], n),
        }
    )
    frame.loc[::7, "age"] = np.nan
    return frame


@pytest.fixture(scope="session")
def encoder(applicants):
    columns = {
        "age": Column(),
        "sex": Column("protected", "category"),
        "owner": Column(type="boolean"),
        "since": Column(type="date"),
        "grade": Column(type="category"),
    }
    return fit(Part(applicants, np.zeros(len(applicants), np.int64)), Schema(columns))

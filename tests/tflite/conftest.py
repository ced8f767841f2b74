import numpy as np
import pandas as pd
import pytest

from mlflow_prod.compress import convert
from mlflow_prod.data import Column, Part, Schema, Task
from mlflow_prod.encoder import fit
from mlflow_prod.models import build
from mlflow_prod.tflite import TFLiteModel, save_model


@pytest.fixture(scope="session")
def task():
    return Task("binary", "repaid", ("no", "yes"))


@pytest.fixture(scope="session")
def applicants():
    draw = np.random.default_rng(0)
    n = 600
    frame = pd.DataFrame(
        {
            "age": draw.integers(18, 90, n).astype(float),
            "income": draw.lognormal(10, 1, n).round(2),
            "sex": draw.choice(["Female", "Male"], n),
        }
    )
    frame.loc[::7, "age"] = np.nan
    return frame


@pytest.fixture(scope="session")
def encoder(applicants):
    columns = {"age": Column(), "income": Column(), "sex": Column("protected", "category")}
    return fit(Part(applicants, np.zeros(len(applicants), np.int64)), Schema(columns))


@pytest.fixture(scope="session")
def network(encoder, task):
    return build(encoder.shape, task, units="32,16")


@pytest.fixture(scope="session")
def contents(network, encoder, applicants):
    rows = encoder.encode(applicants)
    return {name: convert(network, name, rows) for name in ("float32", "int8")}


@pytest.fixture(scope="session")
def model(contents, encoder, task):
    return TFLiteModel(contents["int8"], encoder, task)


@pytest.fixture(scope="session")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model"
    save_model(model, path, baseline={"rows": 600})
    return path

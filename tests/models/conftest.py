import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Column, Part, Schema, Task
from mlflow_prod.encoder import fit
from mlflow_prod.models import KerasModel, build


@pytest.fixture(scope="session")
def applicants():
    draw = np.random.default_rng(0)
    n = 2_000
    return pd.DataFrame(
        {
            "age": draw.integers(18, 90, n).astype(float),
            "income": draw.lognormal(10, 1, n).round(2),
            "sex": draw.choice(["Female", "Male"], n),
        }
    )


@pytest.fixture(scope="session")
def model(applicants):
    columns = {"age": Column(), "income": Column(), "sex": Column("protected", "category")}
    repaid = (applicants["income"] > 22_000).astype(int).to_numpy()
    encoder = fit(Part(applicants, repaid), Schema(columns))
    task = Task("binary", "repaid", ("no", "yes"))
    network = build(encoder.shape, task, units="16,8", learning_rate=0.01)
    network.fit(encoder.encode(applicants), repaid, epochs=2, batch_size=64, verbose=0)
    return KerasModel(network, encoder, task)

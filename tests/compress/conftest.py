import numpy as np
import pytest

from mlflow_prod.compress import convert
from mlflow_prod.data import Task
from mlflow_prod.models import build


@pytest.fixture(scope="session")
def task():
    return Task("binary", "repaid", ("no", "yes"))


@pytest.fixture(scope="session")
def network(task):
    return build((20,), task, units="128,64")


@pytest.fixture(scope="session")
def rows():
    return np.random.default_rng(0).normal(size=(300, 20)).astype(np.float32)


@pytest.fixture(scope="session")
def float32_file(network):
    return convert(network, "float32")

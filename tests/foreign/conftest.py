"""Models as others save them, on real data."""

import mlflow
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlflow_prod.data import Task
from mlflow_prod.evidence import digest_of_folder
from mlflow_prod.foreign import ForeignModel

# The positive class stands first in the alphabet: whoever took the second column would be found out.
TUMOURS = Task("binary", "diagnosis", ("malignant", "benign"))


@pytest.fixture(scope="session")
def tumours():
    """569 tumours as a table, and their diagnosis in words."""
    bunch = load_breast_cancer(as_frame=True)
    return bunch.data, bunch.target_names[bunch.target]


@pytest.fixture(scope="session")
def fitted(tumours):
    rows, diagnosis = tumours
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[:300], diagnosis[:300])


@pytest.fixture(scope="session")
def benign(tumours, fitted):
    """Its probabilities that a tumour is benign."""
    return fitted.predict_proba(tumours[0])[:, list(fitted.classes_).index("benign")]


@pytest.fixture
def foreign(tmp_path):
    """Saves a model by one of MLflow's flavors, and gives it as somebody else's."""

    def made(save, task=TUMOURS, trusted=False, **how):
        # Else MLflow loads each model once more, to see what it imports.
        save(path=str(tmp_path / "model"), pip_requirements=["mlflow"], **how)
        folder = tmp_path / "model"
        return ForeignModel(folder, digest_of_folder(folder), task, trusted=trusted)

    return made


CODE = """
import os, signal
import mlflow, numpy, pandas

class Foreign(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return {answer}

{first}
mlflow.models.set_model(Foreign())
"""


@pytest.fixture
def pyfunc(foreign, tmp_path):
    """A pyfunc model of some code: what it answers to `model_input`, and what it does when it is loaded."""

    def made(answer, first="", trusted=True, **how):
        (tmp_path / "code.py").write_text(CODE.format(answer=answer, first=first))
        return foreign(
            mlflow.pyfunc.save_model, python_model=str(tmp_path / "code.py"), trusted=trusted, **how
        )

    return made

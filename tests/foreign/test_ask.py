import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from mlflow_prod.errors import ModelError
from mlflow_prod.foreign import ask


@pytest.fixture
def loaded(fitted, tmp_path, tumours):
    """As MLflow loads it, its signature with the columns in another order."""
    signature = mlflow.models.infer_signature(tumours[0], ["benign"])
    mlflow.sklearn.save_model(fitted, str(tmp_path / "m"), signature=signature, pip_requirements=["mlflow"])
    return mlflow.pyfunc.load_model(str(tmp_path / "m"))


def test_a_classifier_is_asked_for_probabilities_and_tells_their_classes(loaded, fitted, tumours):
    rows = tumours[0][[*reversed(tumours[0].columns)]].assign(more=1)
    answers, classes = ask(loaded, rows, classes=True)
    np.testing.assert_allclose(answers, fitted.predict_proba(tumours[0]), rtol=1e-12)
    assert classes == ("benign", "malignant")


def test_a_column_that_the_signature_names_and_the_data_lack_is_told(loaded, tumours):
    with pytest.raises(ModelError, match="mean radius"):
        ask(loaded, tumours[0].drop(columns="mean radius"), classes=True)


def test_a_classifier_without_probabilities_answers_with_classes(tumours):
    rows, diagnosis = tumours
    machine = LinearSVC().fit(rows, diagnosis)
    answers, classes = ask(machine, rows, classes=True)
    assert classes == () and list(answers) == list(machine.predict(rows))


def test_where_numbers_are_wanted_it_is_asked_for_its_prediction(loaded, fitted, tumours):
    answers, classes = ask(loaded, tumours[0], classes=False)
    assert classes == () and list(answers) == list(fitted.predict(tumours[0]))


def test_an_estimator_gets_the_columns_it_was_fitted_on(fitted, tumours):
    rows = tumours[0][[*reversed(tumours[0].columns)]].assign(more=1)
    np.testing.assert_allclose(
        ask(fitted, rows, classes=True)[0], fitted.predict_proba(tumours[0]), rtol=1e-12
    )
    with pytest.raises(ModelError, match="reads the columns 'mean area', which the data lack"):
        ask(fitted, rows.drop(columns="mean area"), classes=True)


def test_a_model_that_names_no_columns_gets_those_that_are_meant_for_it():
    class Seen:
        def predict(self, rows):
            return np.full(len(rows), len(rows.columns))

    rows = pd.DataFrame({"a": [1, 2], "b": [3, 4], "id": [5, 6]})
    assert list(ask(Seen(), rows, ["a", "b"], classes=False)[0]) == [2, 2]
    assert list(ask(Seen(), rows, classes=False)[0]) == [3, 3]


def test_pixels_are_flattened_for_an_estimator_that_reads_so_many_numbers():
    bunch = load_digits()
    model = LogisticRegression(max_iter=20).fit(bunch.data[:200], bunch.target[:200])
    pixels = bunch.images[:, :, :, None]
    answers, classes = ask(model, pixels, classes=True)
    np.testing.assert_array_equal(answers, model.predict_proba(bunch.data))
    assert classes == tuple(map(str, range(10)))


def test_what_a_model_raises_is_told(fitted):
    with pytest.raises(ModelError, match="does not answer: ValueError"):
        ask(fitted, np.zeros((3, 2)), classes=True)

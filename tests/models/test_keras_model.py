import keras
import numpy as np
import pytest

from mlflow_prod.data import Task
from mlflow_prod.errors import ModelError
from mlflow_prod.flavor import Predictor
from mlflow_prod.models import KerasModel, build
from mlflow_prod.models.keras_model import BATCH


@pytest.mark.parametrize("rows", [0, 1, 7, BATCH, BATCH + 1])
def test_any_number_of_rows_scores_as_keras_does(rows, model, applicants):
    assert isinstance(model, Predictor)
    encoded = model.encoder.encode(applicants)[:rows]
    scores = model.score(encoded)
    assert (scores.shape, scores.dtype) == ((rows,), np.float32)
    if rows:
        expected = model.network.predict_on_batch(encoded)[:, 0]
        np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_raw_rows_are_encoded_first(model, applicants):
    encoded = model.encoder.encode(applicants)
    np.testing.assert_array_equal(model.predict(applicants.iloc[:, ::-1]), model.score(encoded))


def test_it_is_traced_once_for_all_batch_sizes(model, applicants):
    encoded = model.encoder.encode(applicants)
    for rows in (1, 2, 300):
        model.score(encoded[:rows])
    assert model._traced.experimental_get_tracing_count() == 1


def test_several_classes_keep_their_columns(model):
    task = Task("multiclass", "y", ("a", "b", "c"))
    scores = KerasModel(build(model.encoder.shape, task), model.encoder, task).score(
        np.zeros((4, *model.encoder.shape))
    )
    assert scores.shape == (4, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)


def test_a_network_that_does_not_fit_is_refused(model):
    with pytest.raises(ModelError, match="needs a network with 3 outputs"):
        KerasModel(model.network, model.encoder, Task("multiclass", "y", ("a", "b", "c")))
    with pytest.raises(ModelError, match="the encoder makes"):
        KerasModel(build((99,), model.task), model.encoder, model.task)


def test_a_network_without_an_input_or_with_two_is_refused(model):
    unbuilt = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")], name="late")
    with pytest.raises(ModelError, match=r"late must be .* begins with keras\.Input"):
        KerasModel(unbuilt, model.encoder, model.task)
    ends = [keras.Input(model.encoder.shape), keras.Input(model.encoder.shape)]
    double = keras.Model(ends, keras.layers.Dense(1)(keras.layers.Add()(ends)), name="double")
    with pytest.raises(ModelError, match=r"double must .* have one input and one output"):
        KerasModel(double, model.encoder, model.task)

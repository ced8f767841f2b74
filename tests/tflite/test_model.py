import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from mlflow_prod.compress import convert
from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, ModelError
from mlflow_prod.flavor import Predictor
from mlflow_prod.models import build
from mlflow_prod.tflite import TFLiteModel
from mlflow_prod.tflite.file import BATCH, SIZES


def test_it_scores_as_the_network_does(contents, encoder, task, network, applicants):
    model = TFLiteModel(contents["float32"], encoder, task)
    assert isinstance(model, Predictor)
    expected = network(encoder.encode(applicants), training=False).numpy()[:, 0]
    np.testing.assert_allclose(model.predict(applicants), expected, atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 7, BATCH, BATCH + 1, 600])
def test_any_number_of_rows_scores_as_one_by_one(rows, model, encoder, applicants):
    encoded = encoder.encode(applicants)[:rows]
    scores = model.score(encoded)
    assert scores.shape == (rows,)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, [model.score(row[None])[0] for row in encoded])


def test_more_sizes_than_are_kept_ready_still_score(model, encoder, applicants):
    encoded = encoder.encode(applicants)
    whole = model.score(encoded)
    for rows in [*range(1, SIZES + 3), 1]:
        np.testing.assert_array_equal(model.score(encoded[:rows]), whole[:rows])


def test_a_score_is_not_overwritten_by_the_next_call(model, encoder, applicants):
    encoded = encoder.encode(applicants)
    first = model.score(encoded[:1])
    kept = first.copy()
    model.score(encoded[1:2])
    np.testing.assert_array_equal(first, kept)


def test_threads_may_share_it(model, encoder, applicants):
    encoded = encoder.encode(applicants)
    expected = model.score(encoded)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: model.score(encoded[row : row + 3]), range(590)))
    for row, scores in enumerate(found):
        np.testing.assert_array_equal(scores, expected[row : row + 3])


def test_integers_at_input_and_output_are_scaled_as_the_file_says(network, encoder, task, applicants):
    rows = encoder.encode(applicants)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in rows[:200])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with warnings.catch_warnings():
        # TensorFlow says so of every model that it calibrates itself.
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")
        content = converter.convert()
    model = TFLiteModel(content, encoder, task)
    expected = network(rows, training=False).numpy()[:, 0]
    assert np.abs(model.score(rows) - expected).max() < 0.05


def test_several_classes_and_numbers_keep_the_convention(encoder, applicants):
    rows = encoder.encode(applicants)
    for task, shape in [
        (Task("multiclass", "y", ("a", "b", "c")), (600, 3)),
        (Task("regression", "y"), (600,)),
    ]:
        network = build(encoder.shape, task, units="8")
        scores = TFLiteModel(convert(network, "float32"), encoder, task).score(rows)
        assert scores.shape == shape
        np.testing.assert_allclose(scores, network(rows).numpy().reshape(shape), atol=1e-5)


def test_a_file_that_does_not_fit_its_task_or_encoder_is_refused(contents, encoder, task, applicants):
    with pytest.raises(ModelError, match="needs a file with 3 outputs"):
        TFLiteModel(contents["float32"], encoder, Task("multiclass", "y", ("a", "b", "c")))
    narrower = encoder.with_projection(np.zeros(encoder.width), np.ones((2, encoder.width)))
    with pytest.raises(ModelError, match="the encoder makes"):
        TFLiteModel(contents["float32"], narrower, task)


def test_rows_of_another_width_are_refused(model):
    with pytest.raises(DataError, match=r"got shape \(2, 3\)"):
        model.score(np.zeros((2, 3), np.float32))


def test_bytes_that_are_no_model_are_refused(encoder, task):
    with pytest.raises(ModelError, match="cannot be run"):
        TFLiteModel(b"no model", encoder, task)

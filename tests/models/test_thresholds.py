import numpy as np
import pytest

from mlflow_prod.compress import convert
from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models import KerasModel, build, load_model, save_model, with_thresholds
from mlflow_prod.tflite import TFLiteModel
from mlflow_prod.train import GroupThresholds

THRESHOLDS = {"Female": 0.3, "Male": 0.62}


def test_the_network_decides_at_one_half_as_the_thresholds_do(model, applicants, tmp_path):
    applicants = applicants.assign(sex=applicants["sex"].mask(applicants.index % 7 == 0, "unknown"))
    decided = with_thresholds(model, "sex", THRESHOLDS)
    chosen = GroupThresholds("sex", tuple(THRESHOLDS.items()))
    before, scores = model.predict(applicants), decided.predict(applicants)
    np.testing.assert_allclose(scores, chosen.shifted(before, applicants["sex"]), atol=1e-6)
    assert (np.abs(scores - before)[applicants["sex"] == "unknown"] < 1e-6).all()
    clear = np.abs(scores - 0.5) > 1e-6
    answers = chosen.apply(before, applicants["sex"])
    np.testing.assert_array_equal((scores >= 0.5)[clear], answers[clear])
    assert answers.mean() not in (0, 1, np.mean(before >= 0.5))
    save_model(decided, tmp_path / "decided")
    np.testing.assert_array_equal(load_model(str(tmp_path / "decided")).predict(applicants), scores)


@pytest.mark.parametrize("method", ["float32", "int8"])
def test_it_becomes_a_tflite_file_that_answers_alike(model, applicants, method):
    decided = with_thresholds(model, "sex", THRESHOLDS)
    encoded = model.encoder.encode(applicants)
    content = convert(decided.network, method, *([encoded] if method == "int8" else []))
    small = TFLiteModel(content, model.encoder, model.task)
    agreement = (small.predict(applicants) >= 0.5) == (decided.predict(applicants) >= 0.5)
    assert agreement.mean() >= (0.999 if method == "float32" else 0.97)


def test_the_model_that_was_given_stays_as_it_is(model, applicants):
    before = model.predict(applicants)
    with_thresholds(model, "sex", {"Female": 0.0, "Male": 1.0})
    np.testing.assert_array_equal(model.predict(applicants), before)


def test_all_or_nothing_is_a_threshold_too(model, applicants):
    extremes = {"Female": 0.0, "Male": 1.0}
    before = model.predict(applicants)
    clear = (before > 1e-5) & (before < 1 - 1e-5)
    answers = with_thresholds(model, "sex", extremes).predict(applicants) >= 0.5
    np.testing.assert_array_equal(answers[clear], (applicants["sex"] == "Female")[clear])


def test_what_cannot_carry_thresholds_is_refused(model):
    for column, thresholds, message in (
        ("sx", {}, "column must be a category that the model reads .*'sex'"),
        ("age", {}, "column must be a category that the model reads"),
        ("sex", {"female": 0.4}, "thresholds must be of values of sex .*'Female'"),
        ("sex", {"Female": 1.5}, "thresholds must be between 0 and 1"),
    ):
        with pytest.raises(InvalidParameter, match=message):
            with_thresholds(model, column, thresholds)
    three = Task("multiclass", "kind", ("a", "b", "c"))
    with pytest.raises(ModelError, match="for two classes"):
        with_thresholds(KerasModel(build(model.encoder.shape, three), model.encoder, three), "sex", {})
    width = model.encoder.width
    reduced = model.encoder.with_projection(np.zeros(width), np.eye(width)[:2])
    with pytest.raises(ModelError, match="not reduced"):
        with_thresholds(KerasModel(build((2,), model.task), reduced, model.task), "sex", {})

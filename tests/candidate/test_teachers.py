import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from mlflow_prod import encoder
from mlflow_prod.candidate import Teacher, Teachers
from mlflow_prod.data import load
from mlflow_prod.errors import DataError, ModelError
from mlflow_prod.foreign import Answered, Scores
from mlflow_prod.models import KerasModel, build
from mlflow_prod.tracking import ModelReference


@pytest.fixture(scope="module")
def data():
    return load("breast_cancer")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_PROD_CACHE", str(tmp_path / "cache"))


def reference(tmp_path, number):
    return ModelReference(f"models:/m-{number}", tmp_path, f"{number:064x}", "", "", "", ("keras",), {})


def network(data):
    encode = encoder.fit(data.train, data.schema)
    return KerasModel(build(encode.shape, data.task, units="8"), encode, data.task)


def answered(data, estimator, graded=True):
    rows = data.train.features.to_numpy()
    scores = estimator.fit(rows, data.train.target).predict_proba(rows)[:, 1]
    return Answered(data.task, Scores(scores, graded))


def test_several_are_asked_once_and_averaged(data, tmp_path, capsys):
    models = [
        network(data),
        answered(data, LogisticRegression(max_iter=5000)),
        answered(data, GaussianNB()),
    ]
    teachers = Teachers([Teacher(reference(tmp_path, at), model) for at, model in enumerate(models)])
    expected = np.mean(
        [models[0].predict(data.train.features), *(model.scores.values for model in models[1:])], axis=0
    )
    for how in ("asked and kept", "read from the cache"):
        np.testing.assert_allclose(teachers.scores(data.train, "training"), expected, rtol=1e-6)
        assert capsys.readouterr().out.count(f"training rows: {how}") == 3
    assert teachers.ours[1] is models[0]
    lessons = teachers.lessons(models[0].encoder, data.train, "training", "dense_1")
    assert lessons.features.shape == (len(data.train), 8)
    assert isinstance(lessons.features, np.memmap)
    np.testing.assert_array_equal(lessons.inputs, models[0].encoder.encode(data.train.features))


def test_other_rows_and_other_models_are_asked_about(data, tmp_path):
    teacher, other = (Teacher(reference(tmp_path, at), network(data)) for at in (1, 2))
    assert teacher.scores(data.train)[1] == "asked and kept"
    assert teacher.scores(data.validation)[1] == "asked and kept"
    assert other.scores(data.train)[1] == "asked and kept"
    assert teacher.features(data.train, "dense_1")[1] == "asked and kept"
    assert (
        teacher.scores(data.train)[1] == teacher.features(data.train, "dense_1")[1] == "read from the cache"
    )


def test_teachers_that_cannot_teach_are_named(data, tmp_path):
    classes = Teacher(reference(tmp_path, 1), answered(data, GaussianNB(), graded=False))
    with pytest.raises(DataError, match="the teacher models:/m-1 answers with classes only"):
        classes.scores(data.train)
    with pytest.raises(ModelError, match="models:/m-1 has no layers that a hint could read"):
        classes.features(data.train, "dense_1")
    assert Teachers([classes]).ours is None

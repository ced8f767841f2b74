import logging
import shutil
import threading
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from mlflow_prod import models, tflite
from mlflow_prod.compress import convert
from mlflow_prod.errors import ModelError
from mlflow_prod.flavor import as_promoted, promise
from mlflow_prod.models import KerasModel
from mlflow_prod.tflite import TFLiteModel
from tests.tflite.conftest import applicants, encoder, network, task  # noqa: F401

POLICY = 'version: 1\nmodels: {"*": {targets: [champion], require: []}}\n'


@pytest.fixture(params=["keras", "tflite", "file"])
def champion(request, workplace, network, encoder, task, applicants):  # noqa: F811
    """Of each flavor, a model that was promoted to champion: (its folder, rows, the room that loads it)."""
    (workplace / "policy.yaml").write_text(POLICY)
    content = convert(network, "float32")
    made = {
        "keras": lambda: (models, KerasModel(network, encoder, task)),
        "tflite": lambda: (tflite, TFLiteModel(content, encoder, task)),
        "file": lambda: (tflite, content),
    }
    room, model = made[request.param]()
    with mlflow.start_run():
        info = room.log_model(model, "model", registered_model_name="loans")
    MlflowClient().set_registered_model_alias("loans", "champion", "1")
    rows = encoder.encode(applicants[:5]) if request.param == "file" else applicants[:5]
    return Path(mlflow.artifacts.download_artifacts(info.model_uri)), rows, room


def answers(uri, rows):
    found = mlflow.pyfunc.load_model(uri).predict(rows)
    return np.asarray(found if isinstance(found, np.ndarray) else found["probability"])


def test_what_was_promoted_is_loaded_and_nothing_else(champion, monkeypatch):
    folder, rows, room = champion
    checked = []
    monkeypatch.setattr("mlflow_prod.tflite.flavor.check", checked.append)
    found = answers("models:/loans@champion", rows)
    np.testing.assert_array_equal(answers("models:/loans/1", rows), found)
    for uri in ("models:/loans@champion", "models:/loans/1"):
        np.testing.assert_array_equal(np.ravel(room.load_model(uri).predict(rows)), found)
    # Bytes that a gate let pass are trusted.
    assert not checked
    requirements = folder / "requirements.txt"
    requirements.write_text(requirements.read_text() + "foreign\n")
    for uri in ("models:/loans@champion", "models:/loans/1", str(folder)):
        for load in (mlflow.pyfunc.load_model, room.load_model):
            with pytest.raises(ModelError, match=r"changed after they were measured"):
                load(uri)


def test_without_a_registry_a_service_starts_and_says_so(champion, monkeypatch, tmp_path, caplog):
    folder, rows, _ = champion
    found = answers("models:/loans@champion", rows)
    image = shutil.copytree(folder, tmp_path / "image")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{tmp_path}/nowhere.db")
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(answers(str(image), rows), found)
    assert "cannot be asked" in caplog.text
    assert not (tmp_path / "nowhere.db").exists()


@pytest.fixture
def folder(tmp_path):
    """A folder that MLflow read as version 3 of loans."""
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    (tmp_path / "registered_model_meta").write_text("model_name: loans\nmodel_version: '3'\n")
    return tmp_path


def test_a_registry_that_does_not_answer_is_not_waited_for(folder, monkeypatch, caplog):
    answered = threading.Event()
    monkeypatch.setattr(promise, "SECONDS", 0.2)
    monkeypatch.setattr(promise, "_tags", lambda name, version: answered.wait())
    with as_promoted(folder) as (found, known):
        assert (found, known) == (folder, False)
    assert not answered.is_set()
    assert "no answer within 0.2 s" in caplog.text


def test_a_registry_that_fails_ends_no_service(folder, monkeypatch, caplog):
    monkeypatch.setattr(promise, "_tags", lambda name, version: 1 / 0)
    with as_promoted(folder) as (_, known):
        assert not known
    assert "division by zero" in caplog.text


@pytest.mark.parametrize("said", ["model_name: null\nmodel_version: null\n", None])
def test_what_names_no_version_asks_nobody(folder, said, monkeypatch):
    monkeypatch.setattr(promise, "_tags", lambda name, version: pytest.fail("asked"))
    (folder / "registered_model_meta").unlink()
    if said:
        (folder / "registered_model_meta").write_text(said)
    with as_promoted(folder) as (found, known):
        assert (found, known) == (folder, False)


@pytest.mark.parametrize("said", ["", "[]", "3", "model_name: a", "{", "\x00"])
def test_a_name_that_cannot_be_read_is_told(folder, said):
    (folder / "registered_model_meta").write_text(said)
    with pytest.raises(ModelError, match="does not name a model"), as_promoted(folder):
        pass

import shutil
from datetime import UTC, datetime, timedelta

import mlflow
import pytest

from mlflow_prod.errors import EvidenceError, ModelError
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.tracking import open_run, record, resolve
from projects.register import register


def versions(name):
    return mlflow.MlflowClient().search_model_versions(f"name = '{name}'")


def test_a_version_has_its_evidence_and_its_card(home):
    version = register(home.made("compress").uri, "registered")
    found = mlflow.MlflowClient().get_model_version("registered", version)
    for check in ("compression", "evaluation", "explanation", "fairness", "latency"):
        assert check in found.tags["mlflow_prod.evidence"]
    assert "true positive rate" in found.description


def test_changed_files_are_not_registered(home):
    reference = home.made("distill")
    kept = home.folder / "kept"
    shutil.copytree(reference.folder, kept)
    try:
        (reference.folder / "encoder.json").write_text("{}")
        with pytest.raises(EvidenceError, match="was changed after it was measured"):
            register(reference.uri, "changed")
    finally:
        shutil.rmtree(reference.folder)
        shutil.move(kept, reference.folder)
    assert versions("changed") == []


def test_a_model_without_evidence_is_not_registered(home):
    from mlflow_prod import tflite

    with mlflow.start_run():
        logged = tflite.log_model(tflite.load_model(home.made("compress").uri), "bare")
    with pytest.raises(EvidenceError, match="has no evidence"):
        register(logged.model_uri, "bare")
    assert versions("bare") == []


def test_a_model_that_is_not_there_is_named(home):
    with pytest.raises(ModelError, match="no model at model_uri 'models:/m-0'"):
        register("models:/m-0", "none")


def test_what_the_registry_does_not_take_leaves_nothing_behind(home):
    from mlflow_prod import tflite

    with open_run("train", {}) as run:
        uri = tflite.log_model(tflite.load_model(home.made("compress").uri), "early").model_uri
        model, tomorrow = resolve(uri), datetime.now(UTC) + timedelta(days=1)
        early = Evidence("evaluation", model.digest, "0" * 64, (Measure("auc", 0.9),), made_at=tomorrow)
        record(run, early, model_id=model.model_id)
    with pytest.raises(mlflow.MlflowException, match="in the future"):
        register(uri, "early")
    assert mlflow.MlflowClient().search_registered_models("name = 'early'") == []
    register(home.made("compress").uri, "kept")
    with pytest.raises(mlflow.MlflowException, match="in the future"):
        register(uri, "kept")
    assert [version.version for version in versions("kept")] == [1]

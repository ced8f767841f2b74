from pathlib import Path

import keras
import mlflow
import numpy as np
import pandas as pd
import pytest

from mlflow_prod import models
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model"
    models.save_model(model, path, baseline={"rows": 2000})
    return path


def test_what_was_saved_loads_and_scores_the_same(folder, model, applicants):
    loaded = models.load_model(str(folder))
    assert loaded.task == model.task
    np.testing.assert_array_equal(loaded.predict(applicants), model.predict(applicants))


def test_mlflows_own_keras_flavor_opens_the_folder(folder, model):
    network = mlflow.keras.load_model(str(folder))
    assert isinstance(network, keras.Model)
    for one, two in zip(network.get_weights(), model.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_pyfunc_answers_raw_rows(folder, model):
    rows = pd.DataFrame({"sex": ["Male", None], "income": [20000, 35000], "age": [30, 41], "id": [1, 2]})
    found = mlflow.pyfunc.load_model(str(folder)).predict(rows)
    pd.testing.assert_frame_equal(found, model.task.decode(model.predict(rows)))


def test_a_logged_model_carries_all_it_needs(model, workplace):
    with mlflow.start_run():
        info = models.log_model(model, "model", baseline={"rows": 2000}, metadata={"recipe": ""})
    kept = Path(mlflow.artifacts.download_artifacts(info.model_uri))
    assert (kept / "baseline.json").is_file()
    assert set(info.flavors) == {"keras", "python_function"}
    assert info.signature.inputs.input_names() == list(model.encoder.names)
    assert info.saved_input_example_info is not None
    loaded = models.load_model(info.model_uri, digest=digest_of_folder(kept))
    assert loaded.encoder.to_dict() == model.encoder.to_dict()


def test_changed_files_are_refused(folder):
    with pytest.raises(ModelError, match="changed after they were measured"):
        models.load_model(str(folder), digest="0" * 64)


def test_a_broken_network_is_a_model_error(model, tmp_path):
    models.save_model(model, tmp_path / "model")
    (tmp_path / "model/data/model.keras").write_bytes(b"PK broken")
    with pytest.raises(ModelError, match="cannot be loaded"):
        models.load_model(str(tmp_path / "model"))


def test_code_hidden_in_a_network_is_not_run(model, tmp_path):
    inputs = keras.Input(model.encoder.shape)
    network = keras.Model(inputs, keras.layers.Lambda(lambda rows: rows[:, :1])(inputs))
    models.save_model(models.KerasModel(network, model.encoder, model.task), tmp_path / "model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        models.load_model(str(tmp_path / "model"))

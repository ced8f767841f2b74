import sys

import keras
import numpy as np
import pytest

from mlflow_prod import data
from mlflow_prod.candidate import original
from mlflow_prod.errors import ModelError
from mlflow_prod.models import KerasModel
from mlflow_prod.tflite import TFLiteModel
from mlflow_prod.tracking import at_path


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def dense(digits):
    """A network of flat digits whose pixels go up to 1, that answers with logits."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, name="logits")])
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    rows = digits.train.features.reshape(-1, 64).astype(np.float32) / 16
    network.fit(rows, digits.train.target, epochs=20, verbose=0)
    return network


def accuracy(model, part):
    return (model.predict(part.features).argmax(axis=1) == part.target).mean()


@pytest.mark.parametrize("as_bytes", [False, True], ids=["pixels to 1", "raw pixels"])
def test_a_keras_file_is_read_as_it_was_trained(as_bytes, dense, digits, tmp_path, capsys):
    network = dense
    if as_bytes:
        network = keras.Sequential([keras.Input((64,)), keras.layers.Rescaling(1 / 16), *dense.layers])
    network.save(tmp_path / "network.keras")
    model = original(at_path(str(tmp_path / "network.keras")), digits)
    assert isinstance(model, KerasModel)
    assert accuracy(model, digits.test) > 0.85
    np.testing.assert_allclose(model.predict(digits.test.features).sum(axis=1), 1, atol=1e-5)
    told = capsys.readouterr().out
    assert "answers with logits: a softmax is put behind it" in told
    assert ("the raw pixels as they are" if as_bytes else "pixels scaled") in told


def test_a_saved_model_becomes_its_float32_file(dense, digits, tmp_path):
    inputs = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(inputs)
    network = keras.Model(inputs, keras.layers.Softmax()(dense(flat)))
    network.export(tmp_path / "network", verbose=False)
    model = original(at_path(str(tmp_path / "network")), digits)
    assert isinstance(model, TFLiteModel)
    assert accuracy(model, digits.test) > 0.85


def test_a_network_that_fits_no_encoder_is_refused(digits, tmp_path):
    network = keras.Sequential([keras.Input((7,)), keras.layers.Dense(10, activation="softmax")])
    network.save(tmp_path / "network.keras")
    with pytest.raises(ModelError, match=r"reads rows of shape \(7,\), and digits gives \(8, 8, 1\)"):
        original(at_path(str(tmp_path / "network.keras")), digits)


def test_a_network_of_other_classes_is_refused(digits, tmp_path):
    network = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    )
    network.save(tmp_path / "network.keras")
    with pytest.raises(ModelError, match="needs a network with 10 outputs"):
        original(at_path(str(tmp_path / "network.keras")), digits)


@pytest.fixture(scope="module")
def cancer():
    return data.load("breast_cancer")


@pytest.fixture
def asked(cancer, tmp_path, monkeypatch):
    """A network as a file, read for the data; not in a child process first, which takes seconds."""
    module = sys.modules["mlflow_prod.candidate.original"]
    monkeypatch.setattr(module, "read_network", keras.saving.load_model)

    def read(network):
        network.save(tmp_path / "network.keras")
        return original(at_path(str(tmp_path / "network.keras")), cancer)

    return read


def test_logits_of_a_sequential_network_that_reads_the_rows_as_they_are(asked, cancer, capsys):
    network = keras.Sequential([keras.Input((30,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    network.layers[0].bias.assign([-2.0])
    scores = asked(network).predict(cancer.test.features)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(2)), atol=1e-6)
    assert "a sigmoid is put behind it" in capsys.readouterr().out


def test_a_network_that_answers_nan_is_refused(asked):
    nan = keras.initializers.Constant(float("nan"))
    network = keras.Sequential([keras.Input((30,)), keras.layers.Dense(1, kernel_initializer=nan)])
    with pytest.raises(ModelError, match=r"cannot answer .*: .* NaN or infinite") as told:
        asked(network)
    assert str(told.value).count("NaN") == 1


def test_a_network_that_fails_on_the_rows_is_refused(asked):
    codes = keras.Input((30,), dtype="int32")
    flat = keras.layers.Flatten()(keras.layers.Embedding(4, 2)(codes))
    network = keras.Model(codes, keras.layers.Dense(1, activation="sigmoid")(flat))
    with pytest.raises(ModelError, match=r"fails: .*is not in \[0, 4\)"):
        asked(network)


@pytest.mark.parametrize("path", ["nowhere", "nowhere.keras", "models:/m-1"])
def test_only_networks_are_found_at_a_path(path, tmp_path):
    assert at_path(path) is None
    assert at_path(str(tmp_path)) is None

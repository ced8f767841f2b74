import keras
import numpy as np
import pytest

from mlflow_prod.errors import ModelError
from mlflow_prod.models import find_network, read_network


@pytest.fixture(scope="module")
def network():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_what_keras_saved_is_read(suffix, network, tmp_path):
    path = tmp_path / f"network{suffix}"
    network.save(path)
    rows = np.eye(4, dtype=np.float32)
    assert find_network(tmp_path) == path
    np.testing.assert_allclose(read_network(path)(rows), network(rows), atol=1e-6)


def test_code_in_a_file_is_not_run(tmp_path):
    path = tmp_path / "network.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda rows: rows * 2)]).save(path)
    with pytest.raises(ModelError, match=r"cannot be read: .*Lambda.* not run: .*network\.export\(folder\)"):
        read_network(path)


@pytest.mark.parametrize(
    ("suffix", "content", "reason"),
    [
        (".keras", b"", "it is no .keras file inside"),
        (".h5", b"no network", "it is no .h5 file inside"),
        (".keras", b"PK\x03\x04" + bytes(100), "Error"),
        (".h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "Error"),
    ],
)
def test_a_spoilt_file_is_refused(suffix, content, reason, tmp_path):
    path = tmp_path / f"network{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"network{suffix} cannot be read: .*{reason}"):
        read_network(path)


def test_a_folder_of_none_or_several_networks_is_refused(network, tmp_path):
    with pytest.raises(ModelError, match=r"must hold one .keras or .h5 file or one SavedModel, found none"):
        find_network(tmp_path)
    network.save(tmp_path / "a.keras")
    network.export(tmp_path / "b", verbose=False)
    with pytest.raises(ModelError, match=r"found a\.keras, b$"):
        find_network(tmp_path)
    (tmp_path / "a.keras").unlink()
    assert find_network(tmp_path) == tmp_path / "b"

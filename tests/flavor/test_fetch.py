import pytest

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder
from mlflow_prod.flavor import fetched


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"1")
    return tmp_path / "model"


def test_without_a_digest_the_folder_itself_is_read(folder):
    with fetched(str(folder)) as found:
        assert found.samefile(folder)


def test_with_its_digest_a_private_copy_is_read_and_removed(folder):
    with fetched(str(folder), digest_of_folder(folder)) as found:
        (folder / "weights").write_bytes(b"2")
        assert (found / "weights").read_bytes() == b"1"
    assert not found.exists()


def test_another_digest_is_refused(folder):
    with pytest.raises(ModelError, match="changed after they were measured"), fetched(str(folder), "0" * 64):
        pass


@pytest.mark.parametrize("uri", ["/no/such/folder", "models:/nobody/1", "nonsense:/model"])
def test_nothing_there_is_a_model_error_that_names_the_uri(uri, workplace):
    with pytest.raises(ModelError, match=f"no model at '{uri}'"), fetched(uri):
        pass

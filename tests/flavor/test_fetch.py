import pytest

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder
from mlflow_prod.flavor import fetched, promoted


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


@pytest.fixture
def champion(workplace):
    """A model of one file whose version 1 was promoted to champion and Production through a gate."""
    from mlflow import MlflowClient

    (workplace / "policy.yaml").write_text(
        'version: 1\nmodels: {"*": {targets: [champion, Production], require: []}}\n'
    )
    folder = workplace / "files"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n")
    client = MlflowClient()
    client.create_registered_model("loans")
    client.create_model_version("loans", str(folder))
    client.set_registered_model_alias("loans", "champion", "1")
    client.set_registered_model_alias("loans", "beta", "1")
    client.transition_model_version_stage("loans", "1", "Production")
    return folder


@pytest.mark.parametrize("uri", ["models:/loans@champion", "models:/loans/Production"])
def test_what_was_promoted_is_known_by_its_digest(champion, uri):
    digest = digest_of_folder(champion)
    assert promoted(uri) == ("models:/loans/1", digest)
    (champion / "MLmodel").write_text("flavors: {}\nforeign: true\n")
    assert promoted(uri) == ("models:/loans/1", digest)
    with pytest.raises(ModelError, match="changed after they were measured"), fetched(*promoted(uri)):
        pass


def test_what_nobody_protects_has_no_digest(champion):
    assert promoted("models:/loans@beta") == ("models:/loans/1", None)
    assert promoted("models:/loans/1") == ("models:/loans/1", None)
    assert promoted(str(champion)) == (str(champion), None)


@pytest.mark.parametrize("uri", ["models:/loans@nobody", "models:/loans/Staging", "models:/cars@champion"])
def test_what_nobody_holds_is_a_model_error_that_names_the_uri(champion, uri):
    with pytest.raises(ModelError, match=f"no model at '{uri}'"):
        promoted(uri)

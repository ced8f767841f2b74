import pytest
from mlflow.utils.workspace_context import WorkspaceContext

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder
from mlflow_prod.plugins.model_files import DESTINATION, look_at


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "store" / "my model"
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    return folder


def test_a_local_folder_is_read_where_it_stands_however_it_is_written(model):
    for location in (str(model), model.as_uri(), f"file:{model}"):
        assert look_at(location).digest == digest_of_folder(model)


def test_on_a_server_its_own_artifacts_are_read_from_their_destination(model, monkeypatch):
    for destination in (str(model.parent), model.parent.as_uri()):
        monkeypatch.setenv(DESTINATION, destination)
        files = look_at("mlflow-artifacts:/my model")
        assert files.digest == digest_of_folder(model)
        assert files.unchanged()


def test_where_another_server_is_named_its_files_are_read(model, monkeypatch):
    monkeypatch.setenv(DESTINATION, str(model.parent))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ModelError, match="cannot be read"):
        look_at("mlflow-artifacts://127.0.0.1:1/my model")


def test_no_location_leads_out_of_the_destination(model, monkeypatch):
    monkeypatch.setenv(DESTINATION, str(model))
    with pytest.raises(ModelError, match="Invalid path"):
        look_at("mlflow-artifacts:/../my model")


@pytest.mark.parametrize("name", ["m%7F", "m\x7f", "100%", "m%25"])
def test_no_location_means_one_folder_here_and_another_where_it_is_handed_out(name, tmp_path, monkeypatch):
    for folder in ("m\x7f", "m%7f"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "MLmodel").write_text(folder)
    for destination in (str(tmp_path), tmp_path.as_uri()):
        monkeypatch.setenv(DESTINATION, destination)
        with pytest.raises(ModelError, match="must hold no % once it is decoded"):
            look_at(f"mlflow-artifacts:/{name}")


def test_in_a_workspace_its_own_files_are_read_as_the_server_hands_them_out(model, monkeypatch):
    monkeypatch.setenv(DESTINATION, str(model.parent))
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    own = model.parent / "workspaces" / "blue" / "my model"
    own.mkdir(parents=True)
    (own / "MLmodel").write_text("flavors: {other: {}}\n")
    with WorkspaceContext("blue"):
        # What lies at the root under the same name belongs to the default workspace.
        for location in ("mlflow-artifacts:/my model", "mlflow-artifacts:/workspaces/blue/my model"):
            assert look_at(location).digest == digest_of_folder(own)
        with pytest.raises(ModelError, match="targets workspace 'red'"):
            look_at("mlflow-artifacts:/workspaces/red/my model")
    with WorkspaceContext("default"):
        assert look_at("mlflow-artifacts:/my model").digest == digest_of_folder(model)


def test_any_write_shows(model):
    files = look_at(str(model))
    assert files.unchanged()
    (model / "registered_model_meta").write_text("model_name: loans\n")
    assert files.unchanged()
    (model / "MLmodel").write_text("flavors: {}\n")
    assert not files.unchanged()
    files = look_at(str(model))
    (model / "more").write_text("")
    assert not files.unchanged()
    (model / "more").unlink()
    (model / "MLmodel").unlink()
    assert not files.unchanged()


@pytest.mark.parametrize(
    "location", ["/no/such/folder", "file:///no/such/folder", "unknown://host/x", "runs:/0/m"]
)
def test_what_cannot_be_read_is_a_model_error_that_names_it(location, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ModelError, match=f"The files at {location} cannot be read"):
        look_at(location)


@pytest.mark.parametrize(
    "location",
    [
        "ftp://user:s3cr3t@127.0.0.1:9/m",
        "ftp://s3cr3t@127.0.0.1:9/m",
        "ftp://user:s3cr3t/s3cr3t@s3cr3t@127.0.0.1:9/m",
        "https://127.0.0.1:9/m?sig=s3cr3t",
        "https://127.0.0.1:9/m?s3cr3t",
        "https://127.0.0.1:9/m/?sig=s3cr3t",
    ],
)
def test_what_cannot_be_read_is_named_without_its_secrets(location, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(
        ModelError, match=r"The files at (ftp|https)://127\.0\.0\.1:9/m/? cannot be read"
    ) as raised:
        look_at(location)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(
    "location", ["https://127.0.0.1:9/m?sig=a@s3cr3t", "ftp://user:s3cr3t?s3cr3t@127.0.0.1:9/m"]
)
def test_where_a_secret_ends_nobody_knows_the_whole_address_is_left_out(location, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ModelError, match=r"The files at (ftp|https):// cannot be read") as raised:
        look_at(location)
    assert "s3cr3t" not in str(raised.value)

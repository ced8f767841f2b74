import subprocess
import sys
import time

import boto3
import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository
from moto.server import ThreadedMotoServer

from mlflow_prod import registry
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import digest_of_folder
from mlflow_prod.plugins.artifact_stores.s3 import files_in_s3
from mlflow_prod.plugins.model_files import DESTINATION, look_at
from tests.databases import sqlite

MB = 1 << 20
# What a test must not take from the developer's own shell.
FOREIGN = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", DESTINATION)
FILES = {
    "MLmodel": b"flavors: {}\n",
    "data/model.keras": b"\x00" * 3_000_000,
    "data/deep/er/weights": b"w",
    "empty": b"",
    "..dots": b"d",
    "with a blank/and + % & signs": b"b",
    "größe/模型.bin": b"u",
    "registered_model_meta": b"model_name: loans\nmodel_version: '1'\n",
}


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory):
    """A function that makes an empty registry database."""
    with sqlite(tmp_path_factory.mktemp("sqlite")) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def endpoint():
    """Address of a real server that speaks S3."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def settings(endpoint, monkeypatch, tmp_path):
    """MLflow's settings for the server, and nobody's own."""
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", endpoint)


@pytest.fixture
def bucket(endpoint, request):
    """An empty bucket of the test's own, by boto3."""
    made = boto3.resource("s3", endpoint_url=endpoint).Bucket(f"bucket-{abs(hash(request.node.nodeid))}")
    made.create()
    return made


def upload(bucket, prefix, files):
    for name, content in files.items():
        bucket.put_object(Key=f"{prefix}{name}", Body=content)


def local(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return digest_of_folder(folder)


@pytest.mark.parametrize("prefix", ["", "model/", "1/my model/größe/"])
def test_files_have_the_digest_that_they_have_locally(bucket, tmp_path, prefix):
    upload(bucket, prefix, FILES)
    digest = local(tmp_path / "model", FILES)
    for ending in ("", "/"):
        files = look_at(f"s3://{bucket.name}/{prefix}".rstrip("/") + ending)
        assert files.digest == digest
        assert files.unchanged()


def test_what_stands_beside_the_model_is_no_part_of_it(bucket, tmp_path):
    upload(bucket, "", {"model/MLmodel": b"a", "model2/MLmodel": b"b", "model.txt": b"c"})
    assert look_at(f"s3://{bucket.name}/model").digest == local(tmp_path / "model", {"MLmodel": b"a"})


def test_the_mark_of_a_folder_is_no_file(bucket, tmp_path):
    upload(bucket, "model/", {"": b"", "data/": b"", "data/x": b"x"})
    assert look_at(f"s3://{bucket.name}/model").digest == local(tmp_path / "model", {"data/x": b"x"})


@pytest.mark.parametrize("name", ["../MLmodel", "a//b", "./a", "/a", "a/../b", "content/"])
def test_a_name_that_no_file_can_have_is_an_error(bucket, name):
    upload(bucket, "model/", {"MLmodel": b"a", name: b"evil"})
    with pytest.raises(ModelError, match="has a name that no file can have"):
        look_at(f"s3://{bucket.name}/model")


def test_more_objects_than_one_page_holds_are_all_read(bucket, tmp_path):
    many = {f"part/{number:05}": b"%d" % number for number in range(1_005)}
    upload(bucket, "model/", many)
    files = look_at(f"s3://{bucket.name}/model")
    assert len(files.fingerprint) == 1_005
    assert files.digest == local(tmp_path / "model", many)
    upload(bucket, "model/", {"part/01004": b"other"})
    assert not files.unchanged()


@pytest.mark.parametrize(
    "change",
    [
        lambda bucket: upload(bucket, "model/", {"MLmodel": b"flavors: []\n"}),
        lambda bucket: upload(bucket, "model/", {"data/more": b""}),
        lambda bucket: bucket.Object("model/data/weights").delete(),
    ],
    ids=["overwritten by as many bytes", "added", "removed"],
)
def test_a_write_shows_at_a_glance_and_in_the_digest(bucket, change):
    upload(bucket, "model/", {"MLmodel": b"flavors: {}\n", "data/weights": b"w"})
    location = f"s3://{bucket.name}/model"
    files = look_at(location)
    assert files.unchanged()
    change(bucket)
    assert not files.unchanged()
    assert look_at(location).digest != files.digest


def test_an_object_that_changes_between_list_and_read_is_an_error(bucket):
    upload(bucket, "model/", {"MLmodel": b"a", "data": b"d"})
    model, data = files_in_s3(S3ArtifactRepository(f"s3://{bucket.name}/model"))
    upload(bucket, "model/", {"MLmodel": b"b"})
    bucket.Object("model/data").delete()
    with pytest.raises(ModelError, match="MLmodel changed while it was read"), model.open():
        pass
    with pytest.raises(ModelError, match="an object was deleted while it was read"), data.open():
        pass


def test_a_large_object_is_streamed(bucket):
    bucket.put_object(Key="model/weights", Body=bytes(200 * MB))
    location = f"s3://{bucket.name}/model"
    # In a process of its own: this one holds the object in the memory of the server.
    probe = f"""
import re
from pathlib import Path
from mlflow_prod.plugins.model_files import look_at

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

try:
    look_at("s3://{bucket.name}/none")
except ValueError:
    pass
before = peak()
look_at({location!r})
print(peak() - before)
"""
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout) < 30 * MB, answer.stdout


def test_a_store_that_cannot_be_reached_is_named_soon_and_without_secrets(monkeypatch):
    for endpoint, host in (
        ("http://127.0.0.1:9", "127.0.0.1:9"),
        ("http://user:s3cr3t@127.0.0.1:9", "127.0.0.1:9"),
    ):
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", endpoint)
        started = time.monotonic()
        with pytest.raises(ModelError) as raised:
            look_at("s3://bucket/model")
        assert str(raised.value) == f"The files at s3://bucket/model cannot be read: {host} cannot be reached"
        assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("s3://no-such-bucket/model", "there is no such bucket"),
        ("s3://{bucket}/nothing", "there are no files"),
        ("s3:///model", "Invalid bucket name"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(bucket, location, says):
    with pytest.raises(ModelError, match=says) as raised:
        look_at(location.format(bucket=bucket.name))
    assert "\n" not in str(raised.value)


def test_missing_credentials_are_named(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    # MLflow keeps a client, and boto3 the credentials of its first session.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", "http://127.0.0.1:9/another")
    with pytest.raises(ModelError, match="there are no credentials for S3"):
        look_at("s3://bucket/model")


def test_a_missing_package_is_named_by_our_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ModelError, match=r"reading S3 needs boto3: pip install 'mlflow-prod\[s3\]'"):
        look_at("s3://bucket/model")


def test_a_servers_own_artifacts_are_read_from_its_bucket(bucket, monkeypatch, tmp_path):
    monkeypatch.setenv(DESTINATION, f"s3://{bucket.name}/mlflow")
    upload(bucket, "mlflow/1/my model/", FILES)
    digest = local(tmp_path / "model", FILES)
    for location in ("mlflow-artifacts:/1/my model", "mlflow-artifacts:/1/my%2520model"):
        files = look_at(location)
        assert files.digest == digest
        assert files.unchanged()
    bucket.put_object(Key="mlflow/1/my model/MLmodel", Body=b"evil")
    assert not files.unchanged()


@pytest.mark.parametrize("location", ["mlflow-artifacts:/../other", "mlflow-artifacts:/%252e%252e/other"])
def test_no_location_leads_out_of_the_servers_bucket(bucket, monkeypatch, location):
    monkeypatch.setenv(DESTINATION, f"s3://{bucket.name}/mlflow")
    upload(bucket, "other/", FILES)
    with pytest.raises(ModelError, match="Invalid path"):
        look_at(location)


@pytest.fixture(params=["s3", "mlflow-artifacts"])
def stored(request, make_registry, bucket, monkeypatch):
    """A registry whose one version's files are in a bucket, and a copy of them to measure."""
    made = make_registry()
    made.register(1)
    upload(bucket, "mlflow/m/", {"MLmodel": made.files(1).joinpath("MLmodel").read_bytes()})
    source = f"s3://{bucket.name}/mlflow/m"
    if request.param == "mlflow-artifacts":
        monkeypatch.setenv(DESTINATION, f"s3://{bucket.name}/mlflow")
        source = "mlflow-artifacts:/m"
    assert made.client.create_model_version("loans", source).version == 2
    return made


def promote(stored):
    stored.client.set_registered_model_alias("loans", "champion", 2)


def refusals(stored):
    return stored.rows("mlflow_prod_decisions", "version, allowed, reasons")


def test_a_model_in_a_bucket_is_promoted_on_evidence_and_no_longer_once_overwritten(stored, bucket):
    with pytest.raises(MlflowException, match="there is no evaluation evidence"):
        promote(stored)
    stored.submit(2, stored.evidence(1, 0.9))
    promote(stored)
    assert stored.client.get_model_version_by_alias("loans", "champion").version == 2
    stored.client.delete_registered_model_alias("loans", "champion")

    bucket.put_object(Key="mlflow/m/MLmodel", Body=b"flavors: {}\nevil: true\n")
    with pytest.raises(MlflowException, match="there is no evaluation evidence about these files") as raised:
        promote(stored)
    assert raised.value.error_code == "PERMISSION_DENIED"
    assert [bool(allowed) for _, allowed, _ in refusals(stored)][:2] == [False, True]


def test_a_store_that_cannot_be_reached_refuses_and_the_refusal_is_written(stored, monkeypatch):
    stored.submit(2, stored.evidence(1, 0.9))
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(MlflowException, match=r"cannot be read: 127\.0\.0\.1:9 cannot be reached") as raised:
        promote(stored)
    assert raised.value.error_code == "PERMISSION_DENIED"
    ((version, allowed, reasons),) = refusals(stored)
    assert version == 2 and not allowed and "127.0.0.1:9 cannot be reached" in reasons


def test_an_object_overwritten_between_decision_and_promotion_is_found(stored, bucket, monkeypatch):
    stored.submit(2, stored.evidence(1, 0.9))
    decide, decisions = registry.decide, []

    def decide_then_overwrite(*arguments):
        decisions.append(decide(*arguments))
        if len(decisions) == 1:
            bucket.put_object(Key="mlflow/m/MLmodel", Body=b"evil")
        return decisions[-1]

    monkeypatch.setattr(registry, "decide", decide_then_overwrite)
    with pytest.raises(MlflowException, match="there is no evaluation evidence about these files"):
        promote(stored)
    assert [decision.allowed for decision in decisions] == [True, False]
    assert stored.client.get_registered_model("loans").aliases == {}

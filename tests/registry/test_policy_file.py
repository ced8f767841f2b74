import os

import pytest

from mlflow_prod.registry import NoPolicy, Policy, PolicyFile

GOOD = 'version: 1\nmodels:\n  "*": {targets: [beta], require: []}\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_PROD_POLICY", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_file_production_and_champion_are_refused_and_the_variable_is_named(folder):
    policy = PolicyFile().read()
    assert isinstance(policy, NoPolicy)
    assert "MLFLOW_PROD_POLICY" in policy.reason
    assert policy.section("m", "champion")
    assert not policy.section("m", "beta")


def test_the_file_in_the_folder_of_the_start_is_read_wherever_the_process_goes(
    folder, tmp_path_factory, monkeypatch
):
    (folder / "policy.yaml").write_text(GOOD)
    file = PolicyFile()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert file.read().section("m", "beta")


def test_the_variable_goes_before_the_folder(folder, monkeypatch):
    (folder / "policy.yaml").write_text("broken")
    (folder / "other.yaml").write_text(GOOD)
    monkeypatch.setenv("MLFLOW_PROD_POLICY", "other.yaml")
    assert isinstance(PolicyFile().read(), Policy)


def test_a_named_file_that_is_missing_protects_everything(folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_PROD_POLICY", "none.yaml")
    policy = PolicyFile().read()
    assert "none.yaml" in policy.reason
    assert policy.section("m", "beta")


def test_an_unreadable_file_protects_everything(folder):
    (folder / "policy.yaml").mkdir()
    assert PolicyFile().read().section("m", "beta")


def test_an_edit_is_seen_and_a_broken_edit_too(folder):
    path = folder / "policy.yaml"
    path.write_text(GOOD)
    file = PolicyFile()
    first = file.read()
    assert file.read() is first

    path.write_text(GOOD.replace("beta", "gold"))
    assert not file.read().section("m", "beta")

    path.write_text(GOOD.replace("targets", "target"))
    broken = file.read()
    assert "line 3" in broken.reason
    assert "did you mean 'targets'?" in broken.reason
    assert broken.section("m", "beta")

    path.write_text(GOOD)
    assert file.read() == first

    path.unlink()
    assert file.read().section("m", "beta"), "a policy that was there may have protected anything"


def test_an_edit_of_the_same_length_and_time_is_seen(folder):
    path = folder / "policy.yaml"
    path.write_text(GOOD)
    status = path.stat()
    file = PolicyFile()
    first = file.read()
    path.write_text(GOOD.replace("beta", "gold"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.read() != first

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import SigningKey


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in ("MLFLOW_PROD_KEY", "MLFLOW_PROD_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_key_is_found_in_its_file_and_in_the_environment(tmp_path, monkeypatch):
    assert SigningKey.of_environment() is None
    key = SigningKey.new()
    key.save(tmp_path / "ci.pem")
    monkeypatch.setenv("MLFLOW_PROD_KEY", (tmp_path / "ci.pem").read_text())
    assert SigningKey.of_environment().public == key.public
    other = SigningKey.new()
    other.save(tmp_path / "other.pem")
    monkeypatch.setenv("MLFLOW_PROD_KEY_FILE", str(tmp_path / "other.pem"))
    assert SigningKey.of_environment().public == other.public


def test_a_key_file_is_its_owners_alone_and_never_overwritten(tmp_path):
    SigningKey.new().save(tmp_path / "ci.pem")
    assert stat.S_IMODE((tmp_path / "ci.pem").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        SigningKey.new().save(tmp_path / "ci.pem")


def test_nothing_shows_the_secret(tmp_path, monkeypatch):
    key = SigningKey.new()
    key.save(tmp_path / "ci.pem")
    secret = (tmp_path / "ci.pem").read_text()
    assert secret.splitlines()[1] not in repr(key) + str(key)
    broken = secret.replace("MC4C", "MC4D")
    with pytest.raises(InvalidParameter) as problem:
        SigningKey.from_pem(broken, "MLFLOW_PROD_KEY")
    assert secret.splitlines()[1][8:] not in repr(problem.value) and problem.value.__cause__ is None


def test_a_key_of_another_kind_is_named():
    private = rsa.generate_private_key(65537, 2048)
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(InvalidParameter, match="MLFLOW_PROD_KEY must be an Ed25519 private key"):
        SigningKey.from_pem(text, "MLFLOW_PROD_KEY")

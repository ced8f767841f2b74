import yaml

from mlflow_prod.evidence import SigningKey
from mlflow_prod.registry import parse


def test_what_is_printed_goes_into_a_policy_and_the_file_signs(run, tmp_path):
    code, printed, _ = run("keys", "new", "ci", "--out", tmp_path / "ci.pem")
    assert code == 0
    policy = parse(f"version: 1\n{printed}models: {{}}\n".encode())
    key = SigningKey.from_pem((tmp_path / "ci.pem").read_bytes(), "file")
    assert policy.signers == {"ci": key.public}
    assert "PRIVATE" not in printed and yaml.safe_load(printed)


def test_no_key_is_overwritten(run, tmp_path):
    run("keys", "new", "ci", "--out", tmp_path / "ci.pem")
    before = (tmp_path / "ci.pem").read_bytes()
    code, _, said = run("keys", "new", "ci", "--out", tmp_path / "ci.pem")
    assert code == 1 and "error: out must be a file that is not there yet" in said
    assert (tmp_path / "ci.pem").read_bytes() == before

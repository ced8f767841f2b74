import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from mlflow_prod import tflite
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.evidence import digest_of_folder

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    # A child finds this checkout and the programs of this interpreter, `uvicorn` among them.
    "PYTHONPATH": str(ROOT),
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
# As a person would type them: whole numbers, a column too many, another order, a value missing.
ROWS = pd.DataFrame({"id": [7, 8], "sex": ["Male", None], "income": [20000, 35000], "age": [30, 41]})


@pytest.fixture(scope="module")
def answers(model):
    return model.task.decode(model.predict(ROWS))


def test_the_folder_holds_what_it_should(folder, model):
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "MLmodel",
        "encoder.json",
        "task.json",
        "baseline.json",
        "model.tflite",
        "requirements.txt",
    }
    assert (folder / "model.tflite").read_bytes() == model.content
    assert json.loads((folder / "baseline.json").read_text()) == {"rows": 600}
    pinned = (folder / "requirements.txt").read_text().split()
    assert f"ai-edge-litert=={version('ai-edge-litert')}" in pinned
    assert f"mlflow=={mlflow.__version__}" in pinned
    assert not [line for line in pinned if line.startswith(("tensorflow", "keras")) or "==" not in line]


def test_what_was_saved_loads_and_scores_the_same(folder, model, applicants):
    loaded = tflite.load_model(str(folder))
    assert loaded.task == model.task
    np.testing.assert_array_equal(loaded.predict(applicants), model.predict(applicants))


def test_pyfunc_answers_raw_rows(folder, answers):
    pd.testing.assert_frame_equal(mlflow.pyfunc.load_model(str(folder)).predict(ROWS), answers)


def test_pyfunc_refuses_rows_that_lack_a_column_or_cannot_be_read(folder):
    loaded = mlflow.pyfunc.load_model(str(folder))
    with pytest.raises(MlflowException, match="age"):
        loaded.predict(ROWS.drop(columns="age"))
    with pytest.raises(MlflowException, match="'age' must hold numeric values, got 'old'"):
        loaded.predict(ROWS.assign(age="old"))


def test_the_trusted_digest_is_verified_before_anything_is_loaded(folder, model):
    digest = digest_of_folder(folder)
    assert tflite.load_model(str(folder), digest=digest).content == model.content
    with pytest.raises(ModelError, match="changed after they were measured"):
        tflite.load_model(str(folder), digest=digest[::-1])


@pytest.mark.parametrize("name", ["encoder.json", "task.json", "model.tflite"])
def test_a_folder_that_lost_a_file_says_which(name, model, tmp_path):
    tflite.save_model(model, tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(ModelError, match=name):
        tflite.load_model(str(tmp_path / "model"))


def test_a_spoilt_file_is_refused_at_loading(model, tmp_path):
    tflite.save_model(model, tmp_path / "model")
    (tmp_path / "model" / "model.tflite").write_bytes(model.content[:1500])
    with pytest.raises(ModelError, match="fails its first inference"):
        tflite.load_model(str(tmp_path / "model"))


def test_a_folder_in_use_is_not_written_over(model, tmp_path):
    (tmp_path / "note").write_text("mine")
    with pytest.raises(InvalidParameter, match="new or empty"):
        tflite.save_model(model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_a_failed_save_leaves_nothing_behind(model, tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        tflite.save_model(model, tmp_path / "model", baseline={"share": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_logged_model_keeps_its_metadata_and_its_digest_through_a_load(model, workplace, answers):
    with mlflow.start_run():
        info = tflite.log_model(model, "model", metadata={"recipe": "int8"})
    kept = Path(mlflow.artifacts.download_artifacts(info.model_uri))
    digest = digest_of_folder(kept)
    assert info.metadata == {"recipe": "int8"}
    assert set(info.flavors) == {"tflite", "python_function"}
    pd.testing.assert_frame_equal(mlflow.pyfunc.load_model(info.model_uri).predict(ROWS), answers)
    assert tflite.load_model(info.model_uri, digest=digest).content == model.content
    assert digest_of_folder(kept) == digest


def test_loading_and_scoring_do_not_import_tensorflow(folder):
    script = f"""
import sys
import pandas
from mlflow_prod import tflite
tflite.load_model({str(folder)!r}).predict(pandas.DataFrame([{{"age": 30, "income": 2e4, "sex": "Male"}}]))
assert not {{"tensorflow", "keras"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], env=ENVIRONMENT, check=True)


def test_mlflow_models_predict_answers_raw_rows(folder, answers, tmp_path):
    given, found = tmp_path / "rows.csv", tmp_path / "answers.json"
    ROWS.to_csv(given, index=False)
    command = [sys.executable, "-m", "mlflow", "models", "predict", "--env-manager", "local"]
    command += ["-m", str(folder), "-i", str(given), "-o", str(found), "-t", "csv"]
    subprocess.run(command, env=ENVIRONMENT, check=True, timeout=120)
    assert json.loads(found.read_text())["predictions"] == answers.to_dict("records")


def test_mlflow_models_serve_answers_raw_rows_and_explains_what_it_refuses(folder, answers, tmp_path):
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
    # Port 0: the system chooses a free one, and the server's log says which.
    command += ["-m", str(folder), "-h", "127.0.0.1", "-p", "0"]
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env=ENVIRONMENT, stdout=output, stderr=output, start_new_session=True
        )
    try:
        address = _address(server, log)
        records = json.loads(ROWS.to_json(orient="records"))
        status, body = _post(f"{address}/invocations", {"dataframe_records": records})
        assert status == 200
        assert body["predictions"] == answers.to_dict("records")
        status, body = _post(f"{address}/invocations", {"dataframe_records": [{**records[0], "age": "old"}]})
        assert status == 400
        assert "'age' must hold numeric values, got 'old'" in body["message"]
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=30)


def _address(server, log):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", log.read_text()):
            return found[1]
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def _post(url, content):
    request = urllib.request.Request(url, json.dumps(content).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())

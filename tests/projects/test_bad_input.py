"""Bad input: one clear message, an exit code that is not 0, a run marked FAILED, and nothing half-made."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from projects.entry_point import launch
from projects.main import main
from projects.promote import promote

ROOT = Path(__file__).parents[2]
GOOD = pd.DataFrame(
    {
        "income": np.arange(60.0),
        "sex": ["Female", "Male"] * 30,
        "repaid": ["yes", "no", "no"] * 20,
    }
)


def csv(change):
    def write(folder):
        change(GOOD.copy()).to_csv(folder / "rows.csv", index=False)
        return "rows.csv"

    return write


def text(content, name="rows.csv"):
    def write(folder):
        (folder / name).write_bytes(content)
        return name

    return write


def one_class_late(frame):
    return frame.assign(repaid=["yes"] * 45 + ["no"] * 15, day=pd.date_range("2026-01-01", periods=60))


# What is wrong, how it is made, the parameters beside data and target, and what the message says.
BAD = {
    "missing file": (lambda folder: "nowhere.csv", {}, "nowhere.csv"),
    "empty file": (text(b""), {}, "empty"),
    "header only": (csv(lambda f: f.head(0)), {}, "row"),
    "wrong target": (csv(lambda f: f), {"target": "repayed"}, "did you mean 'repaid'"),
    "wrong protected name": (csv(lambda f: f), {"protected": "gender,sxe"}, "sex"),
    "one class": (csv(lambda f: f.assign(repaid="yes")), {}, "one class"),
    "a class in one split only": (csv(one_class_late), {"time": "day"}, "'no'"),
    "NaN in the target": (csv(lambda f: f.assign(repaid=f["repaid"].where(f.index != 7))), {}, "repaid"),
    "infinite values": (
        csv(lambda f: f.assign(income=f["income"].where(f.index != 7, np.inf))),
        {},
        "infinite",
    ),
    "column named twice": (text(b"a,a,repaid\n1,2,yes\n3,4,no\n"), {}, "'a'"),
    "fewer rows than classes need": (text(b"a,repaid\n1,x\n2,y\n3,z\n"), {}, "rows"),
    "corrupt Parquet": (text(b"PAR1 this is none", "rows.parquet"), {}, "rows.parquet"),
    "unknown generator option": (lambda folder: "loans?bais=1", {"target": ""}, "did you mean 'bias'"),
    "unknown built-in": (lambda folder: "laons", {"target": ""}, "loans"),
    "no data": (lambda folder: "", {}, "data must be"),
    "a folder without data": (lambda folder: ".", {}, "holds no"),
    "what is no function": (lambda folder: "os:sep", {}, "is no function"),
    "function that wants arguments": (lambda folder: "json:loads", {}, "without arguments"),
    "negative seed": (lambda folder: "digits", {"target": "", "seed": "-1"}, "seed must be"),
    "empty target of a promotion": (
        lambda folder: "digits",
        {"target": "", "targets": "champion,"},
        "targets must",
    ),
    "name with a slash": (lambda folder: "digits", {"target": "", "name": "a/b"}, "name must be"),
    "function that leaves": (lambda folder: "sys:exit", {}, "SystemExit"),
    "more rows than memory holds": (lambda folder: "loans?rows=100000000000", {"target": ""}, "rows must be"),
    "more layers than train": (
        lambda folder: "digits",
        {"target": "", "units": "8," * 300 + "8"},
        "units must",
    ),
    "function that is not there": (lambda folder: "nowhere:rows", {}, "nowhere"),
}


def runs():
    return mlflow.search_runs(output_format="list")


@pytest.mark.parametrize("what", BAD)
def test_bad_data_is_one_message_and_failed_runs(what, workplace, capsys):
    make, parameters, said = BAD[what]
    given = {"data": make(workplace), "target": "repaid", **parameters}
    with pytest.raises(SystemExit) as left:
        launch(main, [f"--{name}={value}" for name, value in given.items()])
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert left.value.code == 1
    assert len(errors) == 1 and said in errors[0]
    assert {run.info.status for run in runs()} == {"FAILED"}
    assert mlflow.search_registered_models() == []


@pytest.mark.parametrize(
    ("parameter", "said"),
    [("epochz=3", "--epochz"), ("epochs=many", "'many' is not a valid integer")],
)
def test_a_wrong_parameter_of_mlflow_run_fails_its_run(parameter, said, workplace):
    command = [str(Path(sys.executable).with_name("mlflow")), "run", str(ROOT), "--env-manager", "local"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [*command, "-e", "train", "-P", parameter],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert said in done.stderr
    assert [run.info.status for run in runs()] == ["FAILED"]


def test_a_policy_with_an_unknown_key_is_named_with_its_line(home, monkeypatch, capsys, tmp_path):
    policy = tmp_path / "bad.yaml"
    policy.write_text("version: 1\nmodels: {}\n")
    monkeypatch.setenv("MLFLOW_PROD_POLICY", str(policy))
    database = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"gated:{database}")
    client = mlflow.MlflowClient()
    client.create_registered_model("any")
    client.create_model_version("any", str(home.made("compress").folder))
    policy.write_text("version: 1\nmodels:\n  any:\n    targets: [champion]\n    requires: []\n")
    with pytest.raises(SystemExit) as left:
        launch(promote, ["--name=any", "--version=1", "--targets=champion"])
    said = capsys.readouterr().err
    assert left.value.code == 1
    assert "bad.yaml, line 5" in said and "did you mean 'require'" in said


def test_a_place_that_cannot_be_written_is_named(workplace, capsys):
    # Not even root can make a folder there.
    experiment = mlflow.create_experiment("read-only", artifact_location="/proc/mlflow-prod")
    mlflow.set_experiment(experiment_id=experiment)
    with pytest.raises(SystemExit) as left:
        launch(main, ["--data=digits", "--units=8", "--epochs=1"])
    assert left.value.code == 1
    assert "/proc/mlflow-prod" in capsys.readouterr().err
    statuses = {run.info.status for run in mlflow.search_runs([experiment], output_format="list")}
    assert statuses == {"FAILED"}
    assert mlflow.search_registered_models() == []


def test_ctrl_c_in_the_middle_fails_the_run(workplace):
    command = [sys.executable, "-m", "projects.main", "--data=loans?rows=4000", "--epochs=1000000"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        # The bar of the training's epochs is the sign that it is in the middle.
        seen = b""
        while b"epoch/s" not in seen:
            piece = process.stderr.read1()
            assert piece, seen.decode()
            seen += piece
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert b"stopped: a run that was open is marked FAILED" in rest and b"Traceback" not in rest
    assert {run.info.status for run in runs()} == {"FAILED"}
    assert mlflow.search_registered_models() == []

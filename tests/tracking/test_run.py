import mlflow
import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Part
from mlflow_prod.errors import DataError
from mlflow_prod.evidence import Measure
from mlflow_prod.tracking import open_run

pytestmark = pytest.mark.usefixtures("workplace")


def test_a_run_that_ends_well_is_finished_and_carries_its_parameters():
    with open_run("train", {"epochs": 3, "units": "8"}) as run:
        pass
    done = mlflow.get_run(run.id)
    assert done.info.status == "FINISHED"
    assert done.info.run_name == "train"
    assert done.data.params == {"epochs": "3", "units": "8"}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, DataError, ZeroDivisionError])
def test_a_run_that_breaks_off_is_failed(stop):
    with pytest.raises(stop), open_run("train", {}) as run:
        raise stop("no rows")
    broken = mlflow.get_run(run.id)
    assert broken.info.status == "FAILED"
    assert broken.data.tags.get("error") == ("no rows" if stop is DataError else None)


def test_a_run_that_mlflow_made_is_resumed_and_its_parameters_stand(monkeypatch):
    with mlflow.start_run(run_name="mine") as made:
        mlflow.log_param("learning_rate", "0.10")
    monkeypatch.setenv("MLFLOW_RUN_ID", made.info.run_id)
    with open_run("train", {"learning_rate": 0.1, "epochs": 2}) as run:
        assert run.id == made.info.run_id
    done = mlflow.get_run(run.id)
    assert done.data.params == {"learning_rate": "0.10", "epochs": "2"}
    assert done.info.run_name == "mine"


def test_a_run_inside_a_run_is_its_child():
    with open_run("main", {}) as parent, open_run("train", {}) as child:
        pass
    assert mlflow.get_run(child.id).data.tags["mlflow.parentRunId"] == parent.id


def test_measures_carry_their_slice_in_the_name_and_their_data():
    part = Part(pd.DataFrame({"age": [1.0, 2.0]}), np.array([0, 1]))
    with open_run("evaluate", {}) as run:
        run.log_measures(
            [Measure("recall", 0.5, slice=(("sex", "Female"),))], part=part, data_name="loans/test"
        )
    (metric,) = mlflow.get_run(run.id).data.metrics.items()
    assert metric == ("slice/sex/Female/recall", 0.5)


def test_more_measures_than_a_batch_takes_are_all_logged():
    with open_run("evaluate", {}) as run:
        run.log_measures([Measure(f"m{i}", float(i)) for i in range(1_234)])
    metrics = mlflow.get_run(run.id).data.metrics
    assert metrics == {f"m{i}": float(i) for i in range(1_234)}


def test_a_curve_keeps_its_epochs():
    with open_run("train", {}) as run:
        run.log_curves({"loss": [3.0, 2.0, 1.0]})
    history = mlflow.MlflowClient().get_metric_history(run.id, "epoch/loss")
    assert [(point.step, point.value) for point in history] == [(0, 3.0), (1, 2.0), (2, 1.0)]


def test_bytes_and_tables_are_found_again():
    with open_run("train", {}) as run:
        run.log_bytes(b"\x00\x01", "tflite/model.tflite")
        run.log_table(pd.DataFrame({"a": [1]}), "slices")
    client = mlflow.MlflowClient()
    assert [file.path for file in client.list_artifacts(run.id, "tflite")] == ["tflite/model.tflite"]
    assert mlflow.load_table("tables/slices.json", run_ids=[run.id])["a"].tolist() == [1]


def test_a_run_is_renamed_unless_its_user_may_have_named_it(monkeypatch):
    with open_run("promote", {}) as run:
        run.rename("promote loans/1")
    assert mlflow.get_run(run.id).info.run_name == "promote loans/1"
    resumed = mlflow.MlflowClient().create_run("0", run_name="mine").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", resumed)
    with open_run("promote", {}) as run:
        run.rename("promote loans/1")
    assert mlflow.get_run(resumed).info.run_name == "mine"

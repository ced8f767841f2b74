import mlflow
import numpy as np
import pytest

from mlflow_prod.errors import InvalidParameter
from projects.train import train
from tests.projects.conftest import QUICK, SMALL


def test_the_curve_is_logged_by_epoch(home):
    run = home.run_of("train")
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "epoch/loss")
    assert [point.step for point in history] == [0, 1]


def test_the_same_seed_gives_the_same_figures(home):
    again = train(SMALL, **QUICK)
    (run,) = mlflow.search_runs(filter_string=f"tags.model_uri = '{again.uri}'", output_format="list")
    assert run.data.metrics == home.run_of("train").data.metrics


def test_mlflow_loads_the_network_as_keras(home):
    network = mlflow.keras.load_model(home.made("train").uri)
    assert np.isfinite(network(np.zeros((1, *network.input_shape[1:]), np.float32)).numpy()).all()


def test_a_bad_width_fails_the_run_and_leaves_no_model(home):
    with pytest.raises(InvalidParameter, match="units must be"):
        train(SMALL, units="many")
    run = mlflow.search_runs(order_by=["start_time DESC"], max_results=1, output_format="list")[0]
    assert run.info.status == "FAILED"
    assert run.outputs is None or run.outputs.model_outputs == []


def test_thresholds_by_group_are_part_of_the_model_and_their_price_is_logged(home):
    made = train(SMALL, **QUICK, remedy="thresholds")
    (run,) = mlflow.search_runs(filter_string=f"tags.model_uri = '{made.uri}'", output_format="list")
    assert run.data.params["recipe"] == "thresholds"
    drawn = [
        file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="plots")
    ]
    assert "plots/trade_off.png" in drawn
    curve = mlflow.load_table("tables/trade_off.json", run_ids=[run.info.run_id])
    assert curve["chosen"].sum() == 1 and curve["gap"][curve["chosen"]].item() <= 0.01
    network = mlflow.keras.load_model(made.uri)
    assert np.count_nonzero(network.get_layer("group_threshold").get_weights()[0]) == 2

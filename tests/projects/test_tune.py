import mlflow
import pytest

from mlflow_prod.errors import ModelError
from projects.tune import tune
from tests.projects.conftest import SMALL


def test_each_trial_is_a_child_run_with_its_score(home):
    parent = home.run_of("tune")
    trials = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list"
    )
    assert len(trials) == 2
    for trial in trials:
        assert {"units", "layers", "dropout", "learning_rate"} <= set(trial.data.params)
        assert 0 <= trial.data.metrics["validation/accuracy"] <= 1
    best = max(trials, key=lambda trial: trial.data.metrics["validation/accuracy"])
    assert parent.data.params["best/units"] == best.data.params["units"]


def test_an_objective_that_the_task_lacks_is_named(home):
    with pytest.raises(ModelError, match="did you mean 'accuracy'"):
        tune(SMALL, objective="acuracy", trials=1, epochs=1)

import mlflow
import pytest

from mlflow_prod.errors import Refused
from projects.promote import promote
from projects.register import register


def test_a_refusal_names_every_reason_and_fails_the_run(home):
    version = register(home.made("compress").uri, "loans")
    with pytest.raises(Refused) as refused:
        promote("loans", version)
    assert "Version " in str(refused.value) and "true_positive_rate across sex" in str(refused.value)
    run = mlflow.search_runs(order_by=["start_time DESC"], max_results=1, output_format="list")[0]
    assert run.info.status == "FAILED"
    assert "true_positive_rate" in run.data.tags["error"]
    assert mlflow.MlflowClient().get_model_version("loans", version).current_stage == "None"


def test_targets_that_nothing_protects_are_given(home):
    version = register(home.made("compress").uri, "free")
    promote("free", version, targets="Staging, latest-good")
    found = mlflow.MlflowClient().get_model_version("free", version)
    assert (found.current_stage, found.aliases) == ("Staging", ["latest-good"])


def test_a_version_that_is_not_there_is_named(home):
    with pytest.raises(mlflow.MlflowException, match="not found"):
        promote("loans", "99", targets="champion")

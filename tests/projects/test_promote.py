import mlflow
import pytest

from mlflow_prod.errors import InvalidParameter, Refused
from projects.promote import holder_of, named, promote
from projects.register import register


def test_a_refusal_names_every_reason_and_fails_the_run(home):
    version = register(home.made("compress").uri, "loans")
    with pytest.raises(Refused) as refused:
        promote("loans", version)
    assert "Version " in str(refused.value) and "true_positive_rate across sex" in str(refused.value)
    run = mlflow.search_runs(order_by=["start_time DESC"], max_results=1, output_format="list")[0]
    assert run.info.status == "FAILED"
    assert "true_positive_rate" in run.data.tags["error"]
    assert run.data.tags["mlflow.note.content"] == run.data.tags["error"]
    assert run.info.run_name == f"promote loans/{version}: refused"
    assert mlflow.MlflowClient().get_model_version("loans", version).current_stage == "None"


def test_targets_that_nothing_protects_are_given(home):
    version = register(home.made("compress").uri, "free")
    promote("free", version, targets="Staging, latest-good")
    found = mlflow.MlflowClient().get_model_version("free", version)
    assert (found.current_stage, found.aliases) == ("Staging", ["latest-good"])
    held = f"models:/free/{version}"
    assert [holder_of("free", target) for target in ("staging", "Latest-Good", "beta")] == [held, held, ""]
    assert holder_of("nobody", "champion") == holder_of("nobody", "Production") == ""


def test_a_version_that_is_not_there_is_named(home):
    with pytest.raises(mlflow.MlflowException, match="not found"):
        promote("loans", "99", targets="champion")


@pytest.mark.parametrize(("typed", "meant"), [("champoin", "champion"), ("Prodution", "production")])
def test_a_slip_is_no_new_alias(typed, meant):
    with pytest.raises(InvalidParameter, match=f"did you mean '{meant}'"):
        named(f"Staging,{typed}")


def test_names_of_ones_own_are_taken():
    assert named("champion2, production-eu,latest,canary") == [
        "champion2",
        "production-eu",
        "latest",
        "canary",
    ]


def test_past_the_gate_nothing_is_promoted(home, monkeypatch):
    version = register(home.made("compress").uri, "guarded")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", home.database)
    with pytest.raises(InvalidParameter, match="MLFLOW_REGISTRY_URI must be the gate before a database"):
        promote("guarded", version, targets="champion")
    assert mlflow.MlflowClient().get_model_version("guarded", version).aliases == []

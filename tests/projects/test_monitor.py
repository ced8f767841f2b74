import mlflow
import pytest

from mlflow_prod.data import Loans
from mlflow_prod.errors import DataError
from projects.monitor import monitor
from projects.register import register


def share(evidence):
    return next(measure.value for measure in evidence if measure.name == "drifted_share")


def test_more_of_the_same_has_not_drifted_and_an_economy_that_changed_has(home):
    uri = home.made("compress").uri
    assert share(monitor(uri, "loans?rows=2000&batch=1")) == 0
    assert share(monitor(uri, "loans?rows=2000&batch=2&drift=covariate")) > 0.3


def test_a_file_is_read_with_the_schema_of_the_training_data(home):
    frame = Loans(rows=500, batch=3).make(seed=5).drop(columns="repaid")
    frame.to_csv(home.folder / "march.csv", index=False)
    assert share(monitor(home.made("compress").uri, "march.csv")) == 0


def test_parquet_is_compared_a_part_at_a_time_as_the_whole_is(home):
    frame = Loans(rows=3_000, batch=3).make(seed=5).drop(columns="repaid")
    frame.to_csv(home.folder / "april.csv", index=False)
    frame.to_parquet(home.folder / "april.parquet", row_group_size=700)
    uri = home.made("compress").uri
    whole, parts = (monitor(uri, name) for name in ("april.csv", "april.parquet"))
    assert [(m.name, m.n) for m in whole] == [(m.name, m.n) for m in parts]
    assert [m.value for m in parts] == pytest.approx([m.value for m in whole], abs=1e-9)
    assert len(parts.data) == 64 and parts.data != whole.data


def test_evidence_for_a_registered_version_reaches_the_registry(home):
    version = register(home.made("compress").uri, "watched")
    monitor(f"models:/watched/{version}", "loans?rows=500&batch=1")
    tags = mlflow.MlflowClient().get_model_version("watched", version).tags
    assert "monitoring" in tags["mlflow_prod.evidence"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda frame: frame.drop(columns="income"), "income"),
        (lambda frame: frame.head(0), "row"),
        (lambda frame: frame.assign(income=float("inf")), "infinite"),
    ],
)
def test_rows_that_cannot_be_compared_are_no_evidence(home, spoil, said):
    spoil(Loans(rows=100, batch=3).make(seed=5)).to_csv(home.folder / "bad.csv", index=False)
    with pytest.raises(DataError, match=said):
        monitor(home.made("compress").uri, "bad.csv")
    run = mlflow.search_runs(order_by=["start_time DESC"], max_results=1, output_format="list")[0]
    assert run.info.status == "FAILED"
    assert mlflow.MlflowClient().list_artifacts(run.info.run_id, "evidence") == []

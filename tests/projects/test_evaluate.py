import mlflow
import pytest

from projects.evaluate import evaluate


def test_alone_it_finds_what_the_maker_found(home):
    reference = home.made("compress")
    evidence = {record.check: record for record in evaluate(reference.uri)}
    assert set(evidence) == {"evaluation", "fairness"}
    metrics = home.run_of("compress").data.metrics
    for record in evidence.values():
        assert record.subject == reference.digest
        assert {measure.title: measure.value for measure in record}.items() <= metrics.items()


def test_evidence_for_a_registered_version_reaches_the_registry(home):
    from projects.register import register

    version = register(home.made("compress").uri, "evaluated")
    before = mlflow.MlflowClient().get_model_version("evaluated", version).tags["mlflow_prod.evidence"]
    evaluate(f"models:/evaluated/{version}")
    after = mlflow.MlflowClient().get_model_version("evaluated", version).tags["mlflow_prod.evidence"]
    assert "evaluation" in before and "evaluation" in after


def test_two_models_are_compared_on_the_same_rows(home):
    small, large = home.made("compress"), home.made("train")
    evidence = {record.check: record for record in evaluate(small.uri, versus=large.uri)}
    gaps = {measure.name: measure for measure in evidence["evaluation"] if measure.against}
    assert set(gaps) == {"accuracy", "auc", "log_loss", "brier"}
    assert {gap.against for gap in gaps.values()} == {large.digest}
    both = (home.run_of(name).data.metrics["auc"] for name in ("compress", "train"))
    assert gaps["auc"].value == pytest.approx(next(both) - next(both), abs=1e-6)
    run = mlflow.search_runs(order_by=["start_time DESC"], max_results=1, output_format="list")[0]
    assert run.data.metrics["versus/auc"] == gaps["auc"].value

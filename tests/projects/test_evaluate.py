import mlflow

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

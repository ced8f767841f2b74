"""Measures a model on held-out rows: `mlflow run . -e evaluate -P model_uri=models:/NAME@champion`."""

from mlflow_prod.candidate import load, log_evaluation
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import Run, hand_in, resolve
from projects.entry_point import entry_point, launch
from projects.result import say_measured
from projects.source import Source


@entry_point
def evaluate(run: Run, model_uri: str, source: Source = Source()) -> list[Evidence]:
    """Measure quality and fairness by slice; of a registered version, as evidence for the registry."""
    reference = resolve(model_uri)
    model = load(reference)
    dataset = source.or_that_of(reference).load_for(reference, model.task)
    run.log_dataset(dataset)
    evidence = log_evaluation(run, reference, model, dataset.test, f"{dataset.name}/test")
    hand_in(reference, evidence)
    say_measured(run, reference, evidence)
    return evidence


if __name__ == "__main__":
    launch(evaluate)

"""Measures a model on held-out rows: `mlflow run . -e evaluate -P model_uri=models:/NAME@champion`."""

from mlflow_prod.candidate import load, log_evaluation
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import Run, hand_in, resolve
from projects.entry_point import entry_point, launch
from projects.result import say_measured
from projects.source import Source


@entry_point
def evaluate(run: Run, model_uri: str, source: Source = Source(), versus: str = "") -> list[Evidence]:
    """Measure quality and fairness by slice, and what it has over another model on the same rows.

    Of a registered version, as evidence for the registry.
    """
    reference = resolve(model_uri)
    model = load(reference)
    other = (theirs := resolve(versus), load(theirs)) if versus else None
    if other and other[1].task != model.task:
        raise ModelError(f"versus must be a model of the same target and classes, got {versus}")
    dataset = source.or_that_of(reference).load_for(reference, model.task)
    run.log_dataset(dataset)
    evidence = log_evaluation(run, reference, model, dataset.test, f"{dataset.name}/test", other=other)
    hand_in(reference, evidence)
    say_measured(run, reference, evidence)
    return evidence


if __name__ == "__main__":
    launch(evaluate)

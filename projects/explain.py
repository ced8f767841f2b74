"""Explains a model's answers: `mlflow run . -e explain -P model_uri=models:/NAME@champion`."""

from mlflow_prod.candidate import load, log_explanation
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import Run, hand_in, resolve
from projects.entry_point import entry_point, launch
from projects.result import say_measured
from projects.source import Source


@entry_point
def explain(
    run: Run, model_uri: str, source: Source = Source(), rows: int = 100, background: int = 50
) -> Evidence:
    """Draw the SHAP summary of held-out rows; of a registered version, as evidence for the registry."""
    reference = resolve(model_uri)
    model = load(reference)
    source = source.or_that_of(reference)
    dataset = source.load_for(reference, model.task)
    run.log_dataset(dataset)
    evidence = log_explanation(
        run, reference, model, dataset.test, rows=rows, background=background, seed=source.seed
    )
    hand_in(reference, [evidence])
    say_measured(run, reference, [evidence])
    return evidence


if __name__ == "__main__":
    launch(explain)

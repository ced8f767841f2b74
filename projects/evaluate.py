"""Measures a model on held-out rows: `mlflow run . -e evaluate -P model_uri=models:/NAME@champion`."""

from typing import Literal

from mlflow_prod.candidate import is_ours, load, load_foreign, log_evaluation
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import Run, hand_in, resolve
from projects.entry_point import entry_point, launch
from projects.result import say_measured
from projects.source import Source


@entry_point
def evaluate(
    run: Run,
    model_uri: str,
    source: Source = Source(),
    part: Literal["test", "all"] = "test",
    against: str = "",
    trust: bool = False,
) -> list[Evidence]:
    """Measure quality and fairness by slice, and what it has over another model on the same rows.

    Of a registered version, as evidence for the registry. Any model that MLflow keeps: for one that
    mlflow_prod did not make, name the data and the target.
    """
    named = {uri: resolve(uri) for uri in dict.fromkeys((model_uri, *filter(None, [against])))}
    ours = {uri: load(reference) for uri, reference in named.items() if is_ours(reference)}
    if len({model.task for model in ours.values()}) > 1:
        raise ModelError(f"against must be a model of the same target and classes, got {against}")
    if ours:
        first, model = next(iter(ours.items()))
        source = source.or_that_of(named[first])
        dataset = source.load_for(named[first], model.task, raw=len(ours) < len(named))
    else:
        dataset = source.load(raw=True)
    if part == "all":
        source.hold_new(*named.values())
    run.log_dataset(dataset)
    models = {
        uri: ours.get(uri) or load_foreign(reference, dataset.task, dataset.given, trust=trust)
        for uri, reference in named.items()
    }
    rows = dataset.whole if part == "all" else dataset.test
    reference, other = named[model_uri], (named[against], models[against]) if against else None
    evidence = log_evaluation(run, reference, models[model_uri], rows, f"{dataset.name}/{part}", other=other)
    hand_in(reference, evidence)
    say_measured(run, reference, evidence)
    return evidence


if __name__ == "__main__":
    launch(evaluate)

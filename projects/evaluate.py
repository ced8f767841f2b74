"""Measures a model on held-out rows: `mlflow run . -e evaluate -P model_uri=models:/NAME@champion`."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from mlflow_prod.candidate import (
    Measured,
    Model,
    Wanted,
    answer_all,
    is_ours,
    load,
    load_foreign,
    log_evaluation,
)
from mlflow_prod.data import Part, Rows
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import ModelReference, Run, hand_in, resolve
from projects.entry_point import entry_point, launch
from projects.result import say_measured
from projects.source import Source

Which = Literal["test", "all"]


@entry_point
def evaluate(
    run: Run,
    model_uri: str,
    source: Source = Source(),
    part: Which = "test",
    against: str = "",
    trust: bool = False,
    slices: str = "",
    where: str = "",
    human: str = "",
    eval_config: str = "",
) -> list[Evidence]:
    """Measure quality and fairness by slice, and what it has over another model on the same rows.

    Of a registered version, as evidence for the registry. Any model that MLflow keeps: for one that
    mlflow_prod did not make, name the data and the target.
    """
    wanted = Wanted.read(slices, where, human, eval_config)
    named = {uri: resolve(uri) for uri in dict.fromkeys((model_uri, *filter(None, [against])))}
    ours = {uri: load(reference) for uri, reference in named.items() if is_ours(reference)}
    if len({model.task for model in ours.values()}) > 1:
        raise ModelError(f"against must be a model of the same target and classes, got {against}")
    if part == "all" and len(ours) == len(named) and source.as_learnt(named[model_uri]):
        asked = _part_by_part(run, source, named, ours, wanted)
    else:
        asked = _at_once(run, source, named, ours, part, trust=trust)
    reference, other = named[model_uri], (named[against], asked.models[against]) if against else None
    run.rename(f"evaluate on {asked.name}")
    evidence = log_evaluation(
        run,
        reference,
        asked.models[model_uri],
        asked.part,
        f"{asked.name}/{part}",
        other=other,
        rows=asked.rows,
        wanted=wanted,
    )
    hand_in(reference, evidence)
    say_measured(run, reference, evidence)
    return evidence


class _Asked(NamedTuple):
    """Models by URI, and what they are measured on: `rows`, of which `part` is what was kept."""

    models: Mapping[str, Measured]
    name: str
    part: Part
    rows: Rows | None = None


def _at_once(
    run: Run,
    source: Source,
    named: Mapping[str, ModelReference],
    ours: Mapping[str, Model],
    part: Which,
    *,
    trust: bool,
) -> _Asked:
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
    return _Asked(models, dataset.name, dataset.whole if part == "all" else dataset.test)


def _part_by_part(
    run: Run,
    source: Source,
    named: Mapping[str, ModelReference],
    ours: Mapping[str, Model],
    wanted: Wanted,
) -> _Asked:
    source.hold_new(*named.values())
    first, model = next(iter(ours.items()))
    kept, answers, rows = answer_all([*ours.values()], source.parts(named[first], model.task), wanted)
    run.log_batch_of_data(source.data, rows, "evaluation")
    return _Asked(dict(zip(ours, answers, strict=True)), source.data, kept, rows)


if __name__ == "__main__":
    launch(evaluate)

"""Quality and fairness of a model, logged as metrics, tables, plots and evidence."""

from dataclasses import replace

import pandas as pd

from mlflow_prod import report
from mlflow_prod.candidate.load import Model
from mlflow_prod.data import Part
from mlflow_prod.evaluate import evaluation, fairness, versus
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.tracking import ModelReference, Run, record


def log_evaluation(
    run: Run,
    reference: ModelReference,
    model: Model,
    part: Part,
    data_name: str,
    *,
    other: tuple[ModelReference, Model] | None = None,
) -> list[Evidence]:
    """Measures a model on held-out rows; logged under the checks `evaluation` and `fairness`.

    With another model also what the first has over it on the same rows: in the evidence `against` the other's
    digest, as metrics under `versus/`.
    """
    scores = model.predict(part.features)
    found = {
        "evaluation": evaluation(model.task, part.target, scores, part.groups, part.weight),
        "fairness": fairness(model.task, part.target, scores, part.groups, part.weight),
    }
    measures = [measure for check in found.values() for measure in check]
    if other is not None:
        theirs = other[1].predict(part.features)
        gaps = versus(model.task, part.target, scores, theirs, other[0].digest, part.weight)
        run.log_measures([replace(gap, name=f"versus/{gap.name}") for gap in gaps])
        found["evaluation"] = [*found["evaluation"], *gaps]
    run.log_measures(measures, model_id=reference.model_id, part=part, data_name=data_name)
    run.log_table(table_of(measures), "slices")
    run.log_figure(report.slices(measures), "slices")
    if model.task.kind != "regression":
        run.log_figure(report.confusion(model.task, part.target, scores), "confusion")
    if model.task.kind == "binary":
        run.log_figure(report.calibration(part.target, scores), "calibration")
    evidence = [
        Evidence(check, reference.digest, part.digest, tuple(measures), run.id)
        for check, measures in found.items()
        if measures
    ]
    for piece in evidence:
        record(run, piece, model_id=reference.model_id)
    return evidence


def table_of(measures: list[Measure]) -> pd.DataFrame:
    """Measures as rows: slice, measure, value, low, high, n, unit."""
    return pd.DataFrame(
        {
            "slice": [
                ", ".join(f"{column} {value}" for column, value in m.slice) or "all rows" for m in measures
            ],
            "measure": [m.name for m in measures],
            "value": [m.value for m in measures],
            "low": [m.low for m in measures],
            "high": [m.high for m in measures],
            "n": [m.n for m in measures],
            "unit": [m.unit for m in measures],
        }
    )

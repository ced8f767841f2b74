"""Production rows against a model's baseline, logged as metrics, a plot, a table and evidence."""

import json
from collections.abc import Iterable

import pandas as pd

from mlflow_prod import report
from mlflow_prod.candidate.load import Model
from mlflow_prod.data import Part, Rows
from mlflow_prod.errors import DataError, ModelError
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.monitor import compare
from mlflow_prod.profile import Baseline, Profile
from mlflow_prod.tracking import ModelReference, Run, record


def log_monitoring(
    run: Run, reference: ModelReference, model: Model, parts: Iterable[Part], data_name: str
) -> Evidence:
    """Compares rows and the model's scores on them with `baseline.json` in the model's folder.

    `parts` are looked at one after the other: together they may be more than memory holds. Raises ModelError
    where the model was logged without a baseline, DataError where the rows do not fit.
    """
    file = reference.folder / "baseline.json"
    if not file.is_file():
        raise ModelError(f"{reference.uri} was logged without a baseline: train or compress it again")
    try:
        baseline = Baseline.from_dict(json.loads(file.read_text()))
    except (ValueError, RecursionError) as problem:
        raise ModelError(f"{file} cannot be read, train or compress the model again: {problem}") from problem
    rows, profile = _counted(model, parts, data_name)
    measures = compare(baseline, profile)
    run.log_batch_of_data(data_name, rows)
    run.log_measures(measures, model_id=reference.model_id, part=rows, data_name=data_name)
    run.log_table(drift_table(measures), "drift")
    run.log_figure(report.drift(measures), "drift")
    evidence = Evidence("monitoring", reference.digest, rows.digest, tuple(measures), run.id)
    record(run, evidence, model_id=reference.model_id)
    return evidence


def _counted(model: Model, parts: Iterable[Part], data_name: str) -> tuple[Rows, Profile]:
    rows, profile = Rows(), None
    for part in parts:
        scores = model.predict(part.features)
        count = Profile.of if profile is None else profile.count
        profile = count(part.features, scores)
        rows = rows.then(part)
    if profile is None:
        raise DataError(f"{data_name} has no rows")
    return rows, profile


def drift_table(measures: Iterable[Measure]) -> pd.DataFrame:
    """What `monitor.compare` found, a row for each column, the one that moved most first."""
    rows: dict[str, dict[str, float]] = {}
    for measure in measures:
        column, _, figure = measure.name.rpartition("/")
        if column:
            rows.setdefault(column, {})[figure] = measure.value
    table = pd.DataFrame([{"column": column, **figures} for column, figures in rows.items()])
    return table.sort_values("psi", ascending=False, ignore_index=True)

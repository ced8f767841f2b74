"""Production rows against a model's baseline, logged as metrics, a plot, a table and evidence."""

import json
from collections.abc import Iterable

import pandas as pd

from mlflow_prod import report
from mlflow_prod.candidate.load import Model
from mlflow_prod.data import Part
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.monitor import compare
from mlflow_prod.profile import Baseline, Profile
from mlflow_prod.tracking import ModelReference, Run, record


def log_monitoring(
    run: Run, reference: ModelReference, model: Model, batch: Part, data_name: str
) -> Evidence:
    """Compares a batch and the model's scores on it with `baseline.json` in the model's folder.

    Raises ModelError where the model was logged without a baseline, DataError where the batch does not fit.
    """
    file = reference.folder / "baseline.json"
    if not file.is_file():
        raise ModelError(f"{reference.uri} was logged without a baseline: train or compress it again")
    try:
        baseline = Baseline.from_dict(json.loads(file.read_text()))
    except (ValueError, RecursionError) as problem:
        raise ModelError(f"{file} cannot be read, train or compress the model again: {problem}") from problem
    measures = compare(baseline, Profile.of(batch.features, model.predict(batch.features)))
    run.log_measures(measures, model_id=reference.model_id, part=batch, data_name=data_name)
    run.log_table(drift_table(measures), "drift")
    run.log_figure(report.drift(measures), "drift")
    evidence = Evidence("monitoring", reference.digest, batch.digest, tuple(measures), run.id)
    record(run, evidence, model_id=reference.model_id)
    return evidence


def drift_table(measures: Iterable[Measure]) -> pd.DataFrame:
    """What `monitor.compare` found, a row for each column, the one that moved most first."""
    rows: dict[str, dict[str, float]] = {}
    for measure in measures:
        column, _, figure = measure.name.rpartition("/")
        if column:
            rows.setdefault(column, {})[figure] = measure.value
    table = pd.DataFrame([{"column": column, **figures} for column, figures in rows.items()])
    return table.sort_values("psi", ascending=False, ignore_index=True)

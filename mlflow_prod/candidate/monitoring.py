"""Production rows against a model's baseline, logged as metrics, a plot, a table and evidence."""

import json

from mlflow_prod import report
from mlflow_prod.candidate.evaluation import table_of
from mlflow_prod.candidate.load import Model
from mlflow_prod.data import Part
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Evidence
from mlflow_prod.monitor import compare
from mlflow_prod.profile import Profile
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
    baseline = Profile.from_dict(json.loads(file.read_text()))
    measures = compare(baseline, baseline.count(batch.features, model.predict(batch.features)))
    run.log_measures(measures, model_id=reference.model_id, part=batch, data_name=data_name)
    run.log_table(table_of(measures), "drift")
    run.log_figure(report.drift(measures), "drift")
    evidence = Evidence("monitoring", reference.digest, batch.digest, tuple(measures), run.id)
    record(run, evidence, model_id=reference.model_id)
    return evidence

"""What a teacher was worth, logged as metrics, a table and evidence."""

from mlflow_prod.data import Part
from mlflow_prod.distill import Comparison
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import ModelReference, Run, record


def log_distillation(run: Run, reference: ModelReference, comparison: Comparison, part: Part) -> Evidence:
    """Logs what a student has over itself trained alone, on held-out rows, under the check `distillation`."""
    measures = comparison.measures
    run.log_measures(measures, model_id=reference.model_id)
    run.log_table(comparison.table, "distillation")
    evidence = Evidence("distillation", reference.digest, part.digest, tuple(measures), run.id)
    record(run, evidence, model_id=reference.model_id)
    return evidence

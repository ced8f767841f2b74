"""The card of a model: what was measured of it so far."""

from mlflow_prod import report
from mlflow_prod.data import Task
from mlflow_prod.tracking import ModelReference, Run, collect


def log_card(run: Run, reference: ModelReference, task: Task) -> None:
    """Logs `model_card.md` from the evidence recorded for a model; to be repeated when there is more."""
    evidence = [one.evidence for one in collect(reference.model_id, reference.digest)]
    said = reference.metadata
    card = report.model_card(
        task, str(said["data"]), reference.digest, evidence, recipe=str(said.get("recipe", ""))
    )
    run.log_text(card, "model_card.md")

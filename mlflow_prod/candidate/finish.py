"""The end of every run that makes a model."""

from collections.abc import Mapping
from typing import Any

from mlflow_prod import models, tflite
from mlflow_prod.candidate.card import log_card
from mlflow_prod.candidate.compression import file_of
from mlflow_prod.candidate.evaluation import log_evaluation
from mlflow_prod.candidate.explanation import log_explanation
from mlflow_prod.candidate.load import Model
from mlflow_prod.data import Dataset
from mlflow_prod.errors import ModelError
from mlflow_prod.models import KerasModel
from mlflow_prod.profile import Baseline, Profile
from mlflow_prod.tracking import ModelReference, Run, resolve


def finish(
    run: Run, model: Model, dataset: Dataset, *, source: Mapping[str, Any], recipe: str = "", seed: int = 0
) -> ModelReference:
    """Logs a finished model with all that a promotion will ask for, and returns where it is.

    The model's folder gets its encoder and its baseline (`baseline.json`: the training rows and the model's
    scores on them, as counts); the run gets the `.tflite` file (or the tag `tflite` that says why there is
    none), metrics by slice, plots, tables, and the evidence `evaluation`, `fairness` and `explanation`,
    measured on the test part.

    Parameters
    ----------
    run : the run that made the model.
    model : what was made.
    dataset : what it was made from.
    source : the data parameters, stored with the model so that later runs find the same data.
    recipe : how it was made, such as `reweighing, int8`, stored with the model and told on its card.
    seed : of the rows that are explained.
    """
    flavor = models if isinstance(model, KerasModel) else tflite
    baseline = Baseline.of(Profile.of(dataset.train.features, model.predict(dataset.train.features)))
    logged = flavor.log_model(
        model,
        "model",
        baseline=baseline.to_dict(),
        metadata={
            "source": dict(source),
            "schema": dataset.schema.to_dict() if dataset.schema else None,
            "data": dataset.name,
            "train_digest": dataset.train.digest,
            "recipe": recipe,
        },
    )
    reference = resolve(logged.model_uri)
    # What a run took over from the model that it started from is no parameter of its own.
    run.log_parameters({"recipe": recipe or "trained", "learnt_from": dataset.name})
    _log_tflite_file(run, model)
    log_evaluation(run, reference, model, dataset.test, f"{dataset.name}/test")
    log_explanation(run, reference, model, dataset.test, seed=seed)
    log_card(run, reference, model.task)
    run.set_tag("model_uri", logged.model_uri)
    return reference


def _log_tflite_file(run: Run, model: Model) -> None:
    try:
        content = file_of(model)
    except ModelError as reason:
        run.set_tag("tflite", f"none: {reason}")
        return
    run.log_bytes(content, "tflite/model.tflite")

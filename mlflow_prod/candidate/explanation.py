"""Why a model answers as it does, logged as a SHAP plot, a table and evidence."""

import numpy as np
import pandas as pd

from mlflow_prod import report
from mlflow_prod.candidate.load import Model
from mlflow_prod.data import Part
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import Evidence
from mlflow_prod.explain import Attribution, explain
from mlflow_prod.tracking import ModelReference, Run, record


def log_explanation(
    run: Run,
    reference: ModelReference,
    model: Model,
    part: Part,
    *,
    rows: int = 100,
    background: int = 50,
    seed: int = 0,
) -> Evidence:
    """Explains `rows` held-out rows against `background` others and logs the SHAP summary plot.

    Raises InvalidParameter where either is below 1.
    """
    attribution = explained(model, part, rows=rows, background=background, seed=seed)
    measures = attribution.measures()
    run.log_measures(measures, model_id=reference.model_id)
    run.log_figure(report.attributions(attribution, model.task.classes), "shap_summary")
    importance = attribution.importance()
    run.log_table(
        pd.DataFrame({"input": list(importance), "mean_absolute_shap": list(importance.values())}),
        "importance",
    )
    evidence = Evidence("explanation", reference.digest, part.digest, tuple(measures), run.id)
    record(run, evidence, model_id=reference.model_id)
    return evidence


def explained(
    model: Model, part: Part, *, rows: int = 100, background: int = 50, permutations: int = 4, seed: int = 0
) -> Attribution:
    """`rows` rows of a part explained against `background` others; the same ones for the same seed."""
    for name, value in (("rows", rows), ("background", background)):
        if value < 1:
            raise InvalidParameter(name, ">= 1", value)
    chosen = np.random.default_rng(seed).permutation(len(part))[: rows + background]
    matrix = model.encoder.read(part.take(chosen).features)
    return explain(
        lambda rows_read: model.score(model.encoder.transform(rows_read)),
        matrix[:rows],
        matrix[rows:] if len(matrix) > rows else matrix,
        model.encoder.names,
        permutations=permutations,
        seed=seed,
    )

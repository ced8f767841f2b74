"""What a config of TensorFlow Model Analysis asks for, as tables and evidence."""

import numpy as np

from mlflow_prod.candidate.table import column_of, scored_table
from mlflow_prod.data import Part
from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import EvalConfig, tfma
from mlflow_prod.evidence import Measure
from mlflow_prod.tracking import Run

# Failures that are printed; all stand in the table.
MOST_TOLD = 5


def log_analysis(
    run: Run, config: EvalConfig, task: Task, part: Part, scores: np.ndarray, theirs: np.ndarray | None
) -> list[Measure]:
    """Logs `tables/tfma_metrics` and `tables/tfma_validation`; `theirs` are the scores of its baseline.

    Returns `passed`, 1 where every threshold holds, and `failures`, how many do not: the check `eval_config`.
    """
    names = dict.fromkeys(name for spec in config.slicing_specs for name in spec.columns)
    weight = next((spec.example_weight_key for spec in config.model_specs if spec.example_weight_key), "")
    columns = {name: column_of(part, name) for name in names if name != task.target}
    frame, score, _ = scored_table(task, part, scores, columns, weight=weight)
    baseline: list[str] = []
    if theirs is not None:
        baseline = [f"{name} of the other model" for name in score]
        frame[baseline] = theirs.reshape(len(part), -1)
    found = tfma(config, frame, task, score, baseline)
    run.log_table(found.metrics, "tfma_metrics")
    run.log_table(found.validation, "tfma_validation")
    failed = found.validation[~found.validation["passed"]]
    for message in failed["message"][:MOST_TOLD]:
        print(f"eval_config: {message}")
    failures = len(failed)
    return [Measure("passed", float(found.passed), n=len(part)), Measure("failures", failures, n=len(part))]

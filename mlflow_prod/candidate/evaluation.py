"""Quality and fairness of a model, logged as metrics, tables, plots and evidence."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import pandas as pd

from mlflow_prod import report
from mlflow_prod.candidate.analysis import log_analysis
from mlflow_prod.candidate.findings import Rival, log_findings
from mlflow_prod.candidate.load import Model
from mlflow_prod.candidate.wanted import Wanted
from mlflow_prod.data import Part, Rows
from mlflow_prod.evaluate import evaluation, fairness, versus
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.evidence.measure import told
from mlflow_prod.foreign import Answered, ForeignModel, Scores
from mlflow_prod.tracking import ModelReference, Run, record

Measured: TypeAlias = Model | ForeignModel | Answered
# The figures that classes alone give, without probabilities behind them.
OF_CLASSES = re.compile(
    r"((gap|ratio)/.+/)?(accuracy|balanced_accuracy|macro_f1|jaccard|(positive_rate|precision|recall|f1)(/.+)?"
    r"|negative_rate|(true|false)_(positive|negative)_rate|false_(discovery|omission)_rate|equalized_odds)",
    re.DOTALL,
)


def log_evaluation(
    run: Run,
    reference: ModelReference,
    model: Measured,
    part: Part,
    data_name: str,
    *,
    other: tuple[ModelReference, Measured] | None = None,
    rows: Rows | None = None,
    wanted: Wanted = Wanted(),
) -> list[Evidence]:
    """Measures a model on held-out rows; logged under the checks `evaluation` and `fairness`.

    With another model also what the first has over it on the same rows: in the evidence `against` the other's
    digest, as metrics under `versus/`. `rows`: those that `part` is what was kept of (`answer_all`).
    """
    against = None if other is None else (other[0].digest, other[1])
    found = log_figures(
        run,
        model,
        part,
        data_name,
        model_id=reference.model_id,
        other=against,
        rival="the other model" if other is None else other[0].uri,
        rows=rows,
        wanted=wanted,
    )
    return log_evidence(run, reference, rows or part, found)


def log_evidence(
    run: Run, reference: ModelReference, part: Part | Rows, found: Mapping[str, Sequence[Measure]]
) -> list[Evidence]:
    """Records measures by check as evidence about a model's bytes, on these rows."""
    evidence = [
        Evidence(check, reference.digest, part.digest, tuple(measures), run.id)
        for check, measures in found.items()
        if measures
    ]
    for piece in evidence:
        record(run, piece, model_id=reference.model_id)
    return evidence


def log_figures(
    run: Run,
    model: Measured,
    part: Part,
    data_name: str,
    *,
    model_id: str = "",
    other: tuple[str, Measured] | None = None,
    rival: str = "the other model",
    rows: Rows | None = None,
    wanted: Wanted = Wanted(),
) -> dict[str, list[Measure]]:
    """The measures by check, logged as metrics, tables and plots; `other` is (digest, model), called `rival`.

    Of a model that answers with classes only, no figure that would need probabilities: the run's tag `remark`
    says so, and any other remark on the answers.
    """
    scored = _scores(model, part)
    scores = scored.values
    found = {
        "evaluation": evaluation(model.task, part.target, scores, part.groups, part.weight),
        "fairness": fairness(model.task, part.target, scores, part.groups, part.weight),
    }
    found = {check: _meant(measures, scored) for check, measures in found.items()}
    measures = [measure for check in found.values() for measure in check]
    beside: Rival | None = None
    if other is not None:
        theirs = _scores(other[1], part)
        gaps = versus(model.task, part.target, scores, theirs.values, other[0], part.weight)
        gaps = _meant(gaps, scored, theirs)
        run.log_measures([replace(gap, name=f"versus/{gap.name}") for gap in gaps])
        found["evaluation"] = [*found["evaluation"], *gaps]
        beside = Rival(rival, theirs.values, gaps, theirs.graded)
    run.log_measures(measures, model_id=model_id or None, part=rows or part, data_name=data_name)
    run.log_table(table_of(measures), "slices")
    run.log_figure(report.slices(measures), "slices")
    if model.task.kind != "regression":
        run.log_figure(report.confusion(model.task, part.target, scores), "confusion")
    if wanted.config is not None:
        baseline = None if beside is None else beside.scores
        found["eval_config"] = log_analysis(run, wanted.config, model.task, part, scores, baseline)
        run.log_measures([replace(one, name=f"eval_config/{one.name}") for one in found["eval_config"]])
    log_findings(
        run,
        model.task,
        part,
        scores,
        data_name,
        rival=beside,
        graded=scored.graded,
        model_id=model_id,
        wanted=wanted,
    )
    if scored.remark:
        run.set_tag("remark", scored.remark)
        print(scored.remark)
    return found


def _scores(model: Measured, part: Part) -> Scores:
    if isinstance(model, ForeignModel | Answered):
        return model.answer(part.features if part.raw is None else part.raw)
    return Scores(model.predict(part.features))


def _meant(measures: Iterable[Measure], *answers: Scores) -> list[Measure]:
    """The measures that the answers can carry."""
    graded = all(scores.graded for scores in answers)
    return [measure for measure in measures if graded or OF_CLASSES.fullmatch(measure.name)]


def table_of(measures: list[Measure]) -> pd.DataFrame:
    """Measures as rows: slice, measure, value, low, high, n, unit."""
    return pd.DataFrame(
        {
            "slice": [told(m.slice) or "all rows" for m in measures],
            "measure": [m.name for m in measures],
            "value": [m.value for m in measures],
            "low": [m.low for m in measures],
            "high": [m.high for m in measures],
            "n": [m.n for m in measures],
            "unit": [m.unit for m in measures],
        }
    )

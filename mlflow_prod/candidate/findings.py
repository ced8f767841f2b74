"""What is found out about a model beyond what a promotion asks for: tables, plots and a page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod import report
from mlflow_prod.candidate.table import column_of, scored_table
from mlflow_prod.candidate.wanted import Wanted
from mlflow_prod.data import Part
from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import (
    Counts,
    Windows,
    bands,
    carried,
    count,
    next_work,
    over_time,
    parity,
    references,
    reliability,
    slices,
    verdicts,
    worst,
)
from mlflow_prod.evaluate.cuts import Cut
from mlflow_prod.evidence import Measure
from mlflow_prod.profile.scale import TENTHS
from mlflow_prod.report import Findings, curves, tables
from mlflow_prod.tracking import Run

# The threshold that models answer by.
IN_USE = 0.5
# Columns that are sliced by, protected ones first, each by itself and with each other.
MOST_COLUMNS = 8
# Of a category with more values each would hold few rows.
MOST_VALUES = 20
MOST_PLOTTED = 3
# Windows by their hours: the first is taken of which there are few enough; of numbers a width is found.
WIDTHS = {"1h": 1, "6h": 6, "1d": 24, "1w": 168, "1mo": 730, "3mo": 2190}
MOST_WINDOWS = 36
# What the name of a file had better not hold.
UNSAFE = re.compile(r"[^\w.-]")
# What needs probabilities.
OF_PROBABILITIES = ("auc", "pr_auc", "log_loss", "brier", "ece")


@dataclass(frozen=True)
class Rival:
    """A model that this one is set beside, on the same rows.

    Parameters
    ----------
    name : what it is called.
    scores : its answers.
    gaps : what this model has over it (`versus`).
    graded : whether its scores are probabilities, or say no more than a class.
    """

    name: str
    scores: np.ndarray
    gaps: Sequence[Measure] = ()
    graded: bool = True


def log_findings(
    run: Run,
    task: Task,
    part: Part,
    scores: np.ndarray,
    data_name: str,
    *,
    rival: Rival | None = None,
    graded: bool = True,
    model_id: str = "",
    wanted: Wanted = Wanted(),
) -> Findings:
    """Logs `report.html`, and what it tells as tables and plots.

    Slices are cut by the protected columns and by those wanted, else by further ones up to eight in all,
    numbers in bands, and by each two of them. `graded`: whether scores are probabilities, or say no more than
    a class; then all that needs probabilities is left out.
    """
    facts = _facts(data_name, model_id)
    found = findings_of(task, part, scores, facts, rival=rival, graded=graded, wanted=wanted)
    logged = {
        "every_slice": _shown(found.decided),
        "references": found.references,
        "parity": found.parity,
        "undecided_gaps": found.carried,
        "over_time": found.over_time,
        "worst_slices": found.worst,
        "next_work": found.next_work,
        "calibration": found.reliability,
    }
    for name, table in logged.items():
        if len(table):
            run.log_table(table, name)
    if len(found.reliability):
        run.log_figure(report.calibration(found.reliability, found.protected), "calibration")
    if len(found.over_time):
        run.log_figure(report.over_time(found.over_time, found.decided.iloc[0]), "over_time")
    if len(found.worst):
        run.log_figure(report.worst(found.worst, found.worst_of), "worst_slices")
    if (found.next_work.get("gain", pd.Series(dtype=float)) > 0).any():
        run.log_figure(report.next_work(found.next_work), "next_work")
    if graded and task.kind == "binary":
        for column in _told(found.protected[:MOST_PLOTTED], found):
            figure = report.thresholds(found.slices, found.parity, column, threshold=found.threshold)
            run.log_figure(figure, f"thresholds/{UNSAFE.sub('_', column)}")
    run.log_text(report.evaluation_page(found), "report.html")
    return found


def findings_of(
    task: Task,
    part: Part,
    scores: np.ndarray,
    facts: Mapping[str, str],
    *,
    rival: Rival | None = None,
    graded: bool = True,
    wanted: Wanted = Wanted(),
) -> Findings:
    """All tables of `report.Findings`, of rows whose scores are known; arguments as of `log_findings`."""
    columns, thresholds = columns_of(part, wanted), (IN_USE, *TENTHS) if graded else (IN_USE,)
    frame, score, weight = scored_table(task, part, scores, columns)
    taken = set(slices(count(frame[:1], task, score, thresholds=thresholds)).columns)
    # A column that is called as a figure is would not be told from it.
    called = {name: f"{name} (column)" if name in taken else name for name in columns}
    frame = frame.rename(columns=called)
    protected = tuple(called[str(name)] for name in part.groups.columns)
    for name in (name for cut in wanted.where for name in cut.reads):
        if name not in frame.columns:
            frame[name] = column_of(part, name).array
    searched = bands(frame, list(called.values()))
    cuts: Sequence[Cut] = (*searched, *wanted.where)
    counts = count(
        frame, task, score, cuts, weight=weight, crosses=min(2, max(1, len(cuts))), thresholds=thresholds
    )
    table = slices(counts)
    if not graded:
        table = _of_classes(table)
    others = {} if rival is None else {rival.name: rival.scores}
    beside = references(
        task, part.target, scores, part.weight, others=others, time=part.time, human=wanted.human or None
    )
    probable = [name for name in beside.columns if name.startswith(OF_PROBABILITIES)]
    if rival is not None and not rival.graded:
        beside.loc[beside["model"] == rival.name, probable] = np.nan
    # The same as the evidence says, of bins as fine as memory allows.
    exact = [name for name in probable if name in table]
    table.loc[table.index[0], exact] = beside.iloc[0][exact].astype(float)
    judged, inside = _fairness(counts, protected, graded=graded)
    return Findings(
        f"Predicting {task.target}",
        task,
        table,
        protected,
        facts,
        references=beside if graded else _of_classes(beside),
        versus=_differences(rival),
        parity=judged,
        carried=_asked_for(inside, "slice", wanted),
        over_time=_over_time(task, part, scores, graded=graded),
        worst=worst(frame, task, score, searched, weight=weight) if searched else pd.DataFrame(),
        worst_of="absolute error" if task.kind == "regression" else "error",
        next_work=_asked_for(next_work(counts, reference=_reachable(task, wanted)), "category", wanted),
        reliability=reliability(counts, protected) if graded and task.kind == "binary" else pd.DataFrame(),
    )


def _facts(data_name: str, model_id: str) -> dict[str, str]:
    # Of a path the folders are nobody's business.
    facts = {"Data": "/".join(data_name.split("/")[-2:]), "Model": model_id}
    facts["Measured"] = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return {name: fact for name, fact in facts.items() if fact}


def columns_of(part: Part, wanted: Wanted = Wanted()) -> dict[str, pd.Series]:
    """What slices are cut by: the protected columns, then those wanted, else numbers and few values."""
    found = {str(name): part.groups[name] for name in part.groups.columns}
    if wanted.slices:
        return found | {name: column_of(part, name) for name in wanted.slices}
    if isinstance(part.features, pd.DataFrame):
        for name in part.features.columns:
            if len(found) >= MOST_COLUMNS:
                break
            values = part.features[name]
            few = pd.api.types.is_numeric_dtype(values) or values.nunique() <= MOST_VALUES
            if few and values.dtype.kind != "M" and values.nunique() > 1:
                found.setdefault(str(name), values)
    return found


def _fairness(counts: Counts, protected: Sequence[str], *, graded: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each comparison with its verdict, and inside which slices the undecided gaps arise."""
    if not protected:
        return pd.DataFrame(), pd.DataFrame()
    compared = parity(counts, protected)
    if not graded:
        compared = compared[compared["notion"] != "calibration"]
    at_use = compared["threshold"].isna() | (compared["threshold"] == IN_USE)
    judged = verdicts(counts, compared[at_use])
    undecided = judged[judged["verdict"] == "undecided"]
    inside = carried(counts, undecided)
    # What would decide at other thresholds nobody asks, and it is the most that there is to compute.
    return pd.concat([judged, compared[~at_use]], ignore_index=True), inside


def _reachable(task: Task, wanted: Wanted) -> float | None:
    """What people reach of the figure that the next work is told of, where it was said."""
    return wanted.human.get("mae" if task.kind == "regression" else "accuracy")


def _asked_for(table: pd.DataFrame, column: str, wanted: Wanted) -> pd.DataFrame:
    """A table without the rows of which an expression does not hold: nobody asked for them."""
    for cut in wanted.where if len(table) else ():
        others = table[column].str.contains(f"{cut.name} False", regex=False)
        others |= table[column].str.contains(f"{cut.name} missing", regex=False)
        table = table[~others]
    return table.reset_index(drop=True)


def _differences(rival: Rival | None) -> pd.DataFrame:
    rows = [(rival.name, gap.name, gap.value, gap.low, gap.high) for gap in rival.gaps] if rival else []
    return pd.DataFrame(rows, columns=["model", "measure", "difference", "low", "high"])


def _of_classes(table: pd.DataFrame) -> pd.DataFrame:
    """A table without the figures that classes alone cannot carry."""
    return table[[name for name in table.columns if not str(name).startswith(OF_PROBABILITIES)]]


def _over_time(task: Task, part: Part, scores: np.ndarray, *, graded: bool) -> pd.DataFrame:
    """Figures by window of time; an empty table for rows that do not say when they were."""
    if part.time is None:
        return pd.DataFrame()
    frame, score, weight = scored_table(task, part, scores, {"window": pd.Series(part.time)})
    cut = Windows("window", _width(frame["window"]))
    table = over_time(count(frame, task, score, [cut], weight=weight, thresholds=(IN_USE,)))
    # Of so few rows it would speak of persons.
    table = table[table["rows"] >= tables.LEAST_ROWS].reset_index(drop=True)
    return table if graded else _of_classes(table)


def _width(times: "pd.Series[Any]") -> str | float:
    """Of windows, so that there are few of them."""
    span = times.max() - times.min()
    if times.dtype.kind == "M":
        hours = span / pd.Timedelta(hours=1)
        fitting = (width for width, each in WIDTHS.items() if hours / each <= MOST_WINDOWS)
        return next(fitting, "1y")
    rough = span / MOST_WINDOWS or 1.0
    size = 10.0 ** np.floor(np.log10(rough))
    return float(next(size * step for step in (1, 2, 5, 10) if size * step >= rough))


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """Slices by name, without those of so few rows that they would speak of persons."""
    enough = table["rows"] >= tables.LEAST_ROWS
    enough.iloc[0] = True
    named = table.drop(columns=tables.cut_by(table))
    named.insert(0, "slice", tables.names_of(table))
    return named[enough]


def _told(columns: Sequence[str], found: Findings) -> list[str]:
    """Those of the columns whose groups can be drawn at several thresholds."""
    return [column for column in columns if curves.rates_by_threshold(found.slices, column, "positive_rate")]

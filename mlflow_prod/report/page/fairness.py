"""How differently groups are treated: a verdict on each comparison, and the same at other thresholds."""

from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.report import style, tables, words
from mlflow_prod.report.curves import NOTIONS, gap_by_threshold, rates_by_threshold
from mlflow_prod.report.page import verdicts
from mlflow_prod.report.page.chart import Axis, chart
from mlflow_prod.report.page.findings import Findings
from mlflow_prod.report.page.markup import (
    Html,
    element,
    interval,
    joined,
    left_out,
    name_of,
    note,
    span_of,
    table,
)

MOST_COLUMNS, MOST_CHARTED, MOST_COMPARED = 6, 3, 24
NOTE = (
    "The two groups that lie farthest apart, by each notion of what is fair, held against a margin (the "
    "upright line). Intervals hold for all pairs of groups at once. Several kinds of rate cannot all be "
    "equal where groups differ in what is true of them: choose the one that fits the decision."
)
TONES = {verdicts.BAD: "apart", verdicts.OPEN: "open"}


def fairness(findings: Findings) -> Html:
    """A table for each protected column, and charts over thresholds; "" without comparisons."""
    if not len(findings.parity):
        return Html()
    decided = verdicts.at_decision(findings.parity, findings.threshold)
    columns = list(dict.fromkeys(decided["column"].astype(str)))
    parts = [note(NOTE)]
    for at, column in enumerate(columns[:MOST_COLUMNS]):
        of = decided[decided["column"].astype(str) == column]
        parts.append(element("h3", name_of(column)))
        parts.append(_compared(of.head(MOST_COMPARED), column))
        parts.append(left_out(len(of) - MOST_COMPARED))
        parts.append(_arises(column, findings))
        if at < MOST_CHARTED and (drawn := _at_thresholds(column, findings)):
            summary = element("summary", f"{name_of(column)} at other thresholds")
            is_open = {} if at else {"open": ""}
            parts.append(element("details", summary, *drawn, **is_open))
    return joined([*parts, left_out(len(columns) - MOST_COLUMNS, "columns")])


def _compared(of: pd.DataFrame, column: str) -> Html:
    pointed = of[[verdicts.in_points(row) for _, row in of.iterrows()]]
    gaps = pointed[["difference", "difference_low", "difference_high", "margin"]].to_numpy(np.float64)
    straight = span_of([*gaps.ravel(), 0.0])
    rows = []
    for _, row in of.iterrows():
        found, ends = verdicts.judged(row), verdicts.judged_by(row)
        word, _, why = found.text.partition(": ")
        own = (0.0, 1.05) if verdicts.by_ratio(row) else span_of([*ends, 0.0])
        span = straight if verdicts.in_points(row) else own
        bar = interval(ends, span, mark=float(row["margin"]), tone=TONES.get(found.tone, ""))
        size = f"{words.plural(int(row['groups']), 'group')}, n {float(row['n']):,.0f}"
        rows.append(
            [
                joined([_capital(row["notion"]), element("small", style.words(str(row["measure"])))]),
                joined([element("b", word, class_=f"verdict {found.tone}"), element("small", why)]),
                element("div", *_gap(ends, points=verdicts.in_points(row)), bar, class_="figure"),
                joined([_groups(row), element("small", size)]),
            ]
        )
    return table(f"Fairness across {name_of(column)}", ["Notion", "Verdict", "Gap", "Between"], rows)


def _arises(column: str, findings: Findings) -> Html:
    """Inside which slices an undecided gap arises."""
    if not len(findings.carried):
        return Html()
    decided = verdicts.at_decision(findings.carried, findings.threshold)
    of = decided[decided["column"].astype(str) == column]
    if not len(of):
        return Html()
    shown = of.sort_values("carried", ascending=False).head(MOST_COMPARED)
    pointed = shown[["difference", "difference_low", "difference_high"]].to_numpy(np.float64)
    span = span_of([*pointed.ravel(), 0.0])
    points = findings.task.kind != "regression"
    rows = []
    for _, row in shown.iterrows():
        ends, carried = tables.ends_of(row, "difference"), float(row["carried"])
        told = element("div", *_gap(ends, points=points), interval(ends, span, mark=0.0), class_="figure")
        part = words.points(carried) if points else words.number(carried)
        rows.append(
            [name_of(row["slice"]), _capital(row["notion"]), f"{float(row['share']):.1%}", told, part]
        )
    heads = ["Inside", "Notion", "Of all", "Gap inside", "Carries"]
    listed = table(f"Where undecided gaps across {name_of(column)} arise", heads, rows, numeric=(2, 4))
    summary = element("summary", f"Where the undecided gaps across {name_of(column)} arise")
    return element("details", summary, listed, left_out(len(of) - len(shown)))


def _groups(row: Any) -> str:
    if pd.isna(row["least"]) or pd.isna(row["most"]):
        return words.UNKNOWN
    if row["least"] == row["most"]:
        return "all alike"
    return f"{name_of(row['least'])} least, {name_of(row['most'])} most"


def _gap(ends: tuple[float, float, float], *, points: bool) -> list[str]:
    value, low, high = ends
    if not np.isfinite(value):
        return [words.UNKNOWN]
    told = words.points(value) if points else words.number(value)
    if not (np.isfinite(low) and np.isfinite(high)):
        return [told]
    between = words.apart(low, high).removesuffix(" points") if points else words.between(low, high)
    return [told, element("small", between)]


def _at_thresholds(column: str, findings: Findings) -> list[Html]:
    drawn = []
    for name, notion in NOTIONS.items():
        rates = rates_by_threshold(findings.slices, column, name)
        if not rates:
            continue
        x, y = Axis("threshold", span=(0.0, 1.0)), Axis(style.words(name), share=True, span=(0.0, 1.0))
        pair = [chart(f"{_capital(style.words(name))} by group", rates, x, y, at=findings.threshold)]
        if gap := gap_by_threshold(findings.parity, column, notion):
            of = findings.parity[(findings.parity["notion"] == notion) & findings.parity["margin"].notna()]
            margin = float(of["margin"].iloc[0])
            top = max(margin * 1.3, 1.05 * float(np.nanmax([*gap.y, *gap.high])))
            levels = [(margin, f"margin {words.points(margin)}")]
            up = Axis("difference", share=True, span=(0.0, top))
            title = f"{_capital(notion)}: largest difference"
            pair.append(chart(title, [gap], x, up, levels=levels, at=findings.threshold))
        drawn.append(element("div", *pair, class_="charts"))
    return drawn


def _capital(text: Any) -> str:
    told = name_of(text)
    return told[:1].upper() + told[1:]

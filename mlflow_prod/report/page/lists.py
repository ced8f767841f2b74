"""Parts of the page that are lists, each from one table; "" where there is nothing to tell."""

from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.report import tables, words
from mlflow_prod.report.page import verdicts
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

# Of each table no more rows are written; the run's own tables hold all.
MOST_MODELS, MOST_WORST, MOST_WORK, MOST_CLASSES = 8, 15, 15, 100
MOST_FIGURES = 4


def models(findings: Findings) -> Html:
    """The model beside those that it should beat, and those that it may learn from."""
    if not len(findings.references):
        return Html()
    held = findings.in_use(findings.references)
    shown = held.head(MOST_MODELS)
    figures = [name for name in tables.figures_of(shown) if shown[name].notna().any()][:MOST_FIGURES]
    spans = {name: span_of(shown[[f"{name}{end}" for end in tables.ENDS]]) for name in figures}
    ours = shown.iloc[0]
    rows = []
    for at, (_, row) in enumerate(shown.iterrows()):
        name = name_of(row["model"])
        cells = [
            figure(
                tables.ends_of(row, one),
                spans[one],
                share=words.is_share(one),
                mark=tables.ends_of(ours, one)[0],
            )
            for one in figures
        ]
        rows.append([name if at else element("strong", name), *cells])
    heads = ["Model", *(_head(name) for name in figures)]
    told = note("Dots are values, bars 95% intervals; the upright line is this model.")
    return joined([told, table("This model beside others", heads, rows), left_out(len(held) - len(shown))])


def worst(findings: Findings) -> Html:
    """The slices where the model does worse than elsewhere."""
    if not len(findings.worst):
        return Html()
    shown = findings.worst.head(MOST_WORST)
    share = findings.task.kind != "regression"
    span = span_of(shown[["value", "low", "high", "rest"]])
    rows = []
    for _, row in shown.iterrows():
        sure, rest = row["adjusted"] < verdicts.LEVEL, float(row["rest"])
        ends = (float(row["value"]), float(row["low"]), float(row["high"]))
        rows.append(
            [
                name_of(row["slice"]),
                f"{int(row['rows']):,}",
                f"{float(row['share']):.1%}",
                figure(ends, span, share=share, mark=rest, tone="apart" if sure else ""),
                words.number(rest, share=share),
                _gap(row["gap"], share=share),
                joined(
                    [words.chance(float(row["adjusted"])), element("small", "" if sure else "may be chance")]
                ),
            ]
        )
    heads = ["Slice", "Rows", "Of all", words.title(findings.worst_of), "Elsewhere", "Gap", "Adjusted p"]
    told = note(
        "Found by a search over columns and their combinations, each held against all other rows (the "
        "upright line). The p value is adjusted for how many were tried; from 0.05 up it may "
        "be chance."
    )
    listed = table("Slices that are worse than the rest", heads, rows, numeric=(1, 2, 4, 5, 6))
    return joined([told, listed, left_out(len(findings.worst) - len(shown))])


def classes(findings: Findings) -> Html:
    """Each class by itself, those first of which least is found: rare ones are not left out."""
    first, held = findings.decided.iloc[0], findings.task.classes
    shown = [name for name in held if f"recall/{name}" in first]
    if not shown:
        return Html()
    shown.sort(key=lambda name: np.nan_to_num(float(first[f"recall/{name}"]), nan=-1.0))
    rows = [
        [
            name_of(name),
            f"{int(first[f'rows/{name}']):,}",
            *(
                figure(tables.ends_of(first, f"{of}/{name}"), (0.0, 1.0), share=True)
                for of in ("recall", "precision", "f1")
            ),
        ]
        for name in shown[:MOST_CLASSES]
    ]
    told = note("Those first of which least is found. A wide interval means few rows.")
    listed = table("Each class", ["Class", "Rows", "Recall", "Precision", "F1"], rows, numeric=(1,))
    return joined([told, listed, left_out(len(shown) - MOST_CLASSES, "classes")])


def next_work(findings: Findings) -> Html:
    """Where there is most to gain: the share of the rows times what is missing to the reference."""
    if not len(findings.next_work):
        return Html()
    shown = findings.next_work.head(MOST_WORK)
    share = findings.task.kind != "regression"
    most = float(np.nanmax([*shown["gain"].astype(float), 0.0])) or 1.0
    filled = [name for name in ("ease", "importance") if name in shown and shown[name].notna().any()]
    rows = []
    for _, row in shown.iterrows():
        gain = np.nan_to_num(float(row["gain"])).clip(0)
        amount = element("i", style=f"width:{100 * gain / most:.1f}%")
        rows.append(
            [
                name_of(row["category"]),
                f"{int(row['rows']):,}",
                f"{float(row['share']):.1%}",
                words.number(float(row["value"]), share=share),
                words.number(float(row["reference"]), share=share),
                _gap(row["gap"], share=share),
                joined(
                    [
                        _gap(row["gain"], share=share),
                        element("span", amount, class_="amount", aria_hidden="true"),
                    ]
                ),
                *(name_of(row[name]) if pd.notna(row[name]) else "" for name in filled),
            ]
        )
    heads = ["Slice", "Rows", "Of all", "Now", "Reference", "Gap", "Possible gain"]
    told = note(
        "Possible gain is what the figure of all rows would improve by if the slice came up to the "
        "reference: its share of the rows times its gap. Slices overlap, so gains do not add."
    )
    heads += [name.capitalize() for name in filled]
    listed = table("What to work on next", heads, rows, numeric=(1, 2, 3, 4, 5))
    return joined([told, listed, left_out(len(findings.next_work) - len(shown))])


def figure(
    ends: tuple[float, float, float],
    span: tuple[float, float],
    *,
    share: bool,
    mark: float = np.nan,
    tone: str = "",
) -> Html:
    """A figure as number, interval and bar."""
    value, low, high = ends
    told = [words.number(value, share=share), element("small", words.between(low, high, share=share))]
    return element("div", *told, interval(ends, span, mark=mark, tone=tone), class_="figure")


def _gap(gap: Any, *, share: bool) -> str:
    return words.points(float(gap)) if share else words.number(float(gap))


def _head(name: str) -> Html:
    meaning = words.MEANINGS.get(name, "")
    return element("abbr", words.title(name), title=meaning) if meaning else joined([words.title(name)])

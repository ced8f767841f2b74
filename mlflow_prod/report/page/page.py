"""The page: a verdict, then section by section what it rests on."""

from collections.abc import Sequence
from importlib.resources import files
from string import Template

import numpy as np
import pandas as pd

from mlflow_prod.report import tables, words
from mlflow_prod.report.page import charts, lists
from mlflow_prod.report.page.explorer import explorer
from mlflow_prod.report.page.fairness import fairness
from mlflow_prod.report.page.findings import Findings
from mlflow_prod.report.page.markup import Html, element, joined, name_of
from mlflow_prod.report.page.verdicts import verdicts

# Bytes of the whole page.
MOST = 950_000
MOST_FIGURES = 6
MARKS = {"good": ("✓", "Good"), "bad": ("!", "Look at this"), "open": ("?", "Undecided"), "plain": ("·", "")}
METHOD = {
    "Intervals": (
        "95% each. Shares: Wilson. Areas under the ROC curve: DeLong on the logit scale. Mean losses and "
        "errors: normal. With weights they rest on Kish's effective number of rows, n."
    ),
    "Bounds": (
        "Rows are counted exactly, whatever their number. Where there are many different scores, areas "
        "under curves are counted in 512 bins of the score; how far that may lie from the figure of the rows "
        "stands in the tables as `_bound`; of many rows it is far less, of a few hundred rows up to 0.003."
    ),
    "Many slices": (
        "An interval stands by itself. Only the search for the worst slices and the comparisons of groups "
        "are adjusted for how many were looked at."
    ),
    "Margins": (
        "Those of this page: 10 points of difference and a ratio of 0.8, unless others were given. The "
        "registry's policy has margins of its own."
    ),
    "Few rows": (
        "Slices and groups of fewer than 10 rows are left out: they would speak of persons. A wide interval "
        "means few rows, not a bad model."
    ),
    "What it cannot say": (
        "Rows that hang together, such as many of one person, make intervals too short. Equal figures do not "
        "tell why they are equal. The registry's gate decides on promotions, by its policy and the evidence; "
        "this page explains."
    ),
}


def evaluation_page(findings: Findings) -> str:
    """HTML under a megabyte that works offline and tells what an evaluation found.

    A verdict in sentences, the model beside others, its worst slices, fairness with margins and at
    thresholds, calibration, figures over time, what to work on next, and every slice in a table that sorts
    and filters. It follows the reader's light or dark colours, and prints. Every text from the data is
    escaped. What would make it longer than a megabyte is left out, and it says so.

    Not for evidence: the gate reads measures (`evaluation`, `fairness`), never this page.
    """
    parts = [
        ("models", "Beside others", lists.models(findings)),
        ("classes", "Class by class", lists.classes(findings)),
        ("worst", "Where it is worst", lists.worst(findings)),
        ("fairness", "Fairness", fairness(findings)),
        ("remedies", "What evening out costs", charts.trade_off(findings)),
        ("calibration", "Do the probabilities mean what they say?", charts.calibration(findings)),
        ("time", "Over time", charts.over_windows(findings)),
        ("work", "What to work on next", lists.next_work(findings)),
    ]
    taken = sum(len(content.encode()) for _, _, content in parts)
    parts.append(("slices", "Every slice", explorer(findings.decided, MOST - taken)))
    parts.append(("method", "How this was measured", _method()))
    told = [(key, title, content) for key, title, content in parts if content]
    return Template(_file("page.html")).substitute(
        title=element("title", f"{name_of(findings.title)}: evaluation"),
        style=_file("page.css"),
        script=_file("page.js"),
        head=_head(findings),
        links=joined([element("li", element("a", key.capitalize(), href=f"#{key}")) for key, _, _ in told]),
        sections=joined([_section(key, title, content) for key, title, content in told]),
    )


def _file(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


def _section(key: str, title: str, content: Html) -> Html:
    heading = element("h2", title, id=f"{key}-title")
    return element("section", heading, content, id=key, aria_labelledby=f"{key}-title")


def _head(findings: Findings) -> Html:
    facts = {
        "Predicts": _task(findings),
        "Rows": f"{int(findings.slices['rows'].iloc[0]):,}",
        **findings.facts,
    }
    listed = [
        element("div", element("dt", name_of(key)), element("dd", name_of(fact)))
        for key, fact in facts.items()
    ]
    said = [
        element(
            "li",
            element("span", MARKS[tone][0], class_="sign", title=MARKS[tone][1]),
            element("span", text),
            class_=tone,
        )
        for tone, text in verdicts(findings)
    ]
    return joined(
        [
            element("p", "Evaluation", class_="eyebrow"),
            element("h1", name_of(findings.title)),
            element("ul", *said, class_="verdicts"),
            element("div", *_cards(findings), class_="cards"),
            element("dl", *listed, class_="facts"),
        ]
    )


def _task(findings: Findings) -> str:
    task = findings.task
    classes: Sequence[str] = task.classes
    if task.kind == "binary":
        return f"{task.target}: {classes[1]} (positive) or {classes[0]}"
    return f"{task.target}, a number" if not classes else f"{task.target}, one of {len(classes)} classes"


def _cards(findings: Findings) -> list[Html]:
    table = findings.decided
    first = table.iloc[0]
    shown = [name for name in tables.figures_of(table) if np.isfinite(float(first[name]))][:MOST_FIGURES]
    return [
        element(
            "div",
            element("h3", words.title(name)),
            element("p", words.number(float(first[name]), share=words.is_share(name)), class_="big"),
            element("p", _ends(first, name), class_="ends"),
            element("p", words.MEANINGS.get(name, ""), class_="meaning"),
            class_="card",
        )
        for name in shown
    ]


def _ends(row: pd.Series, name: str) -> str:
    return words.between(float(row[f"{name}_low"]), float(row[f"{name}_high"]), share=words.is_share(name))


def _method() -> Html:
    return element(
        "dl",
        *(part for name, text in METHOD.items() for part in (element("dt", name), element("dd", text))),
        class_="method",
    )

"""The table of all slices, which a reader sorts and filters in the browser."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mlflow_prod.report import tables, words
from mlflow_prod.report.page.markup import Html, element, joined, name_of, table

MOST_FIGURES, MOST_SLICES = 12, 10_000
# Rows that a reader without scripts sees, and the first page of one with them.
STATIC = 50
# Characters of what stands around the data.
ELSE = 50_000


def explorer(slices: pd.DataFrame, room: int) -> Html:
    """Controls, a table and its data as JSON; without scripts the table of the slices with most rows.

    "" where there is no slice but all rows.

    `slices` at one threshold, the first row of all rows. Slices of fewer than 10 rows are left out, and of
    more than fit in `room` characters those with the fewest rows; both are said.
    """
    if len(slices) < 2:
        return Html()
    figures = [name for name in tables.figures_of(slices) if slices[name].notna().any()][:MOST_FIGURES]
    enough = slices["rows"].to_numpy(np.int64) >= tables.LEAST_ROWS
    enough[0] = True
    held = slices[enough]
    order = np.concatenate(([0], 1 + np.argsort(-held["rows"].to_numpy(np.int64)[1:], kind="stable")))
    held = held.iloc[order]
    kept, data = _fitted(held, figures, room - ELSE)
    said = [f"{words.plural(len(kept) - 1, 'slice')} and all rows."]
    if few := int((~enough).sum()):
        less = f"fewer than {tables.LEAST_ROWS} rows"
        said.append(f"{words.plural(few, 'slice')} of {less} left out: they would speak of persons.")
    if more := len(held) - len(kept):
        said.append(f"{words.plural(more, 'slice')} with the fewest rows are in the run's tables only.")
    said.append("Each interval stands by itself: of a thousand slices some fifty lie apart by chance.")
    return joined(
        [
            element("p", " ".join(said), class_="note"),
            element("div", class_="controls", id="controls", hidden=""),
            element("div", _static(kept, figures), id="explorer"),
            element("p", id="told", class_="note", role="status"),
            element("script", data, type="application/json", id="slices-data"),
        ]
    )


def _fitted(held: pd.DataFrame, figures: Sequence[str], room: int) -> tuple[pd.DataFrame, Html]:
    """As many of the first slices as fit, and their data."""
    kept = held.head(MOST_SLICES)
    while len(text := _safe(_content(kept, figures))) > room and len(kept) > 1:
        kept = kept.head(max(1, int(0.97 * len(kept) * room / len(text))))
    return kept, text


def _safe(content: object) -> Html:
    """JSON in which nothing ends the element that it stands in."""
    text = json.dumps(content, separators=(",", ":"))
    return Html(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _content(kept: pd.DataFrame, figures: Sequence[str]) -> dict[str, Any]:
    columns = tables.cut_by(kept)
    cut = kept[columns].notna().to_numpy() if columns else np.zeros((len(kept), 0), bool)
    return {
        "names": _names(kept),
        "columns": [name_of(column) for column in columns],
        "cut": [np.flatnonzero(row).tolist() for row in cut],
        "rows": kept["rows"].astype(int).tolist(),
        "figures": [
            {
                "name": words.title(name),
                "meaning": words.MEANINGS.get(name, ""),
                "share": words.is_share(name),
                "better": words.direction(name),
                **{
                    key: _rounded(kept[f"{name}{end}"])
                    for key, end in (("v", ""), ("l", "_low"), ("h", "_high"))
                },
            }
            for name in figures
        ],
    }


def _names(kept: pd.DataFrame) -> list[str]:
    return [name_of(name) for name in tables.names_of(kept)]


def _rounded(values: pd.Series) -> list[float | None]:
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values.astype(float)]


def _static(kept: pd.DataFrame, figures: Sequence[str]) -> Html:
    shown, first = figures[:4], kept.head(STATIC)
    rows = [
        [name, f"{int(row['rows']):,}", *(_cell(row, figure) for figure in shown)]
        for name, (_, row) in zip(_names(first), first.iterrows(), strict=True)
    ]
    heads = ["Slice", "Rows", *(words.title(name) for name in shown)]
    return table("All slices", heads, rows, numeric=(1,))


def _cell(row: pd.Series, name: str) -> Html:
    share = words.is_share(name)
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return joined([words.number(value, share=share), element("small", words.between(low, high, share=share))])

"""What the figures say, in words."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mlflow_prod.report import style, tables, words
from mlflow_prod.report.page.findings import Findings
from mlflow_prod.report.page.markup import name_of

GOOD, BAD, OPEN, PLAIN = "good", "bad", "open", "plain"
# Slices whose adjusted p value is below this are told of as worse.
LEVEL = 0.05


class Verdict(NamedTuple):
    """A sentence, and its tone: good, bad, open (nobody can tell yet) or plain."""

    tone: str
    text: str


def verdicts(findings: Findings) -> list[Verdict]:
    """The sentences at the head of the page, the most important first."""
    found = [_quality(findings), _fairness(findings), _worst(findings), _time(findings)]
    return [verdict for verdict in found if verdict is not None]


def judged(row: Any) -> Verdict:
    """What a row of `evaluate.verdicts` says of two groups, and what would decide where that is open."""
    value, low, high = judged_by(row)
    if not np.isfinite(value):
        return Verdict(PLAIN, "Not known: too few rows in all groups but one")
    if row["verdict"] == "unknown":
        return Verdict(PLAIN, "Not judged: no margin was given, or too few rows for an interval")
    told = words.points if in_points(row) else words.number
    margin, nearest, farthest = told(float(row["margin"])), "at least", "at most"
    if by_ratio(row):
        low, high, nearest, farthest = high, low, "at most", "at least"
    if row["verdict"] == "within":
        return Verdict(GOOD, f"Within the margin: {farthest} {told(high)}, the margin is {margin}")
    if row["verdict"] == "beyond":
        return Verdict(BAD, f"Outside the margin: {nearest} {told(low)}, the margin is {margin}")
    return Verdict(OPEN, f"Undecided: the interval straddles the margin of {margin}{_needed(row)}")


def _needed(row: Any) -> str:
    needed, rows = float(row["rows_needed"]), float(row["rows"])
    if np.isnan(needed):
        return ""
    if np.isinf(needed):
        return "; no number of rows would decide"
    # Two digits: with more rows the gap itself will move.
    more = float(f"{needed - rows:.2g}")
    return f"; about {more:,.0f} more rows would decide, if the gap stays what it is"


def judged_by(row: Any) -> tuple[float, float, float]:
    """The value and interval that a comparison is judged by."""
    return tables.ends_of(row, str(row["judged"]))


def by_ratio(row: Any) -> bool:
    """Whether a comparison is judged by its ratio: the rule of four fifths is."""
    return str(row["judged"]) == "ratio"


def in_points(row: Any) -> bool:
    """Whether a comparison is judged by a difference of shares: errors have a unit of their own."""
    return not by_ratio(row) and str(row["measure"]) not in ("mean_error", "mae")


def at_decision(parity: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The comparisons at one threshold, and those that have none."""
    taken = parity["threshold"].astype(float)
    return parity[taken.isna() | np.isclose(taken, threshold)]


def _quality(findings: Findings) -> Verdict | None:
    table = findings.decided
    name = next(iter(tables.figures_of(table)), "")
    if not name:
        return None
    first, share = table.iloc[0], words.is_share(name)
    value, low, high = tables.ends_of(first, name)
    ends = words.between(low, high, share=share)
    told = f"{words.title(name)} {words.number(value, share=share)}" + (f" ({ends})" if ends else "")
    if name == "accuracy":
        told = f"Right for {words.number(value, share=True)} of {words.plural(int(first['rows']), 'row')}"
        told += f" ({ends})" if ends else ""
    others = findings.references
    if (
        len(others) > 1
        and (compared := _best(tables.at_threshold(others, findings.threshold), name)) is not None
    ):
        sense = words.direction(name)
        paired = _paired(findings.versus, compared[3], name)
        apart = _apart((value, low, high), compared, sense) if paired is None else _side(*paired, sense)
        theirs = words.number(compared[0], share=share)
        model = name_of(compared[3])
        said = {1: "better than", 0: "not clearly apart from", -1: "worse than"}[apart]
        told = f"{told}: {said} {model} ({theirs})"
        if paired is not None:
            told += f", row by row by {words.apart(*paired) if share else words.between(*paired)}"
        return Verdict({1: GOOD, 0: OPEN, -1: BAD}[apart], f"{told}.")
    return Verdict(PLAIN, f"{told}.")


def _best(references: pd.DataFrame, name: str) -> tuple[float, float, float, str] | None:
    """The best of the models that a useful one must beat: what people reach is an aim, not a rival."""
    if len(references) < 2 or name not in references:
        return None
    rivals = references.iloc[1:]
    rivals = rivals[~rivals["model"].astype(str).str.contains("human", case=False)]
    if not rivals[name].notna().any() or not words.direction(name):
        return None
    best = rivals.iloc[int(np.nanargmax(words.direction(name) * rivals[name].to_numpy(np.float64)))]
    return *tables.ends_of(best, name), str(best["model"])


def _apart(ours: tuple[float, float, float], theirs: tuple[float, float, float, str], sense: int) -> int:
    """1 where our interval lies beyond theirs on the better side, -1 on the worse one, else 0."""
    value, low, high = theirs[:3]
    low, high = (value if not np.isfinite(end) else end for end in (low, high))
    if ours[1] > high:
        return sense
    return -sense if ours[2] < low else 0


def _paired(versus: pd.DataFrame, model: str, name: str) -> tuple[float, float] | None:
    """The ends of the difference's paired interval, which is narrower than the models' own; None: unknown."""
    for _, row in versus.iterrows():
        if (row["model"], row["measure"]) == (model, name) and np.isfinite(row["low"]):
            return float(row["low"]), float(row["high"])
    return None


def _side(low: float, high: float, sense: int) -> int:
    return sense if low > 0 else -sense if high < 0 else 0


def _fairness(findings: Findings) -> Verdict | None:
    if not len(findings.parity):
        return None
    rows = at_decision(findings.parity, findings.threshold)
    found = [(judged(row).tone, row) for _, row in rows.iterrows()]
    known = [tone for tone, _ in found if tone != PLAIN]
    if not known:
        return None
    bad, undecided, good = (known.count(tone) for tone in (BAD, OPEN, GOOD))
    told = f"Of {words.plural(len(known), 'comparison')} of groups {good} lie within the margin"
    said = f"{told}, {bad} outside, {undecided} undecided."
    return Verdict(BAD if bad else OPEN if undecided else GOOD, f"{said}{_farthest(found)}")


def _farthest(found: list[tuple[str, Any]]) -> str:
    """The difference that lies farthest outside of its margin, in words; "" where none does."""
    outside = [row for tone, row in found if tone == BAD and in_points(row)]
    if not outside:
        return ""
    row = max(outside, key=lambda row: float(row["difference_low"]))
    what = f"{style.words(str(row['notion']))} across {name_of(row['column'])}"
    groups = f"between {name_of(row['least'])} and {name_of(row['most'])}"
    return f" Farthest: {what}, {words.points(float(row['difference']))} {groups}."


def _worst(findings: Findings) -> Verdict | None:
    if not len(findings.worst):
        return None
    first = findings.worst.iloc[0]
    if not first["adjusted"] < LEVEL:
        return Verdict(GOOD, "No slice is worse than the rest beyond chance.")
    share = findings.task.kind != "regression"
    figure = style_of(findings.worst_of)
    value, rest = (words.number(float(first[name]), share=share) for name in ("value", "rest"))
    return Verdict(BAD, f"Worst for {name_of(first['slice'])}: {figure} {value}, {rest} elsewhere.")


def style_of(name: str) -> str:
    """A figure's name within a sentence."""
    told = words.title(name)
    return told if told[1:2].isupper() or told[1:2] in "²1" else told[:1].lower() + told[1:]


def _time(findings: Findings) -> Verdict | None:
    table, whole = findings.in_use(findings.over_time), findings.decided.iloc[0]
    name = next((name for name in tables.figures_of(table) if words.direction(name)), "")
    if not name or name not in whole or not np.isfinite(float(whole[name])):
        return None
    sense, usual = words.direction(name), float(whole[name])
    worse = (table[f"{name}_high"] < usual) if sense > 0 else (table[f"{name}_low"] > usual)
    if not worse.any():
        return Verdict(GOOD, f"{words.title(name)} was at no time surely worse than that of all rows.")
    when = ", ".join(name_of(window) for window in table["window"][worse][:3])
    more = f" and {int(worse.sum()) - 3} more" if worse.sum() > 3 else ""
    told = f"{words.title(name)} was worse than that of all rows in {int(worse.sum())} of"
    by_chance = f"by chance one expects {0.025 * len(table):.1g}"
    return Verdict(OPEN, f"{told} {words.plural(len(table), 'window')} ({by_chance}): {when}{more}.")

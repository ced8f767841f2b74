"""Parts of the page that are charts, each from one table; "" where there is nothing to tell."""

import numpy as np

from mlflow_prod.report import style, tables, words
from mlflow_prod.report.curves import Curve, over_time, reliability, reliable_slices
from mlflow_prod.report.page.chart import Axis, chart
from mlflow_prod.report.page.findings import Findings
from mlflow_prod.report.page.markup import Html, element, joined, left_out, name_of, note

MOST_CHARTS, MOST_WINDOWS = 3, 120
# Of a gap, where none is given with it.
MARGIN = 0.1


def calibration(findings: Findings) -> Html:
    """Whether the probabilities mean what they say, of all rows and by group."""
    found = findings.reliability
    if not len(found):
        return Html()
    x, y = Axis("predicted", share=True, span=(0.0, 1.0)), Axis("observed", share=True, span=(0.0, 1.0))
    whole = str(found["slice"].iloc[0])
    drawn = [chart(_capital(whole), [reliability(found, whole)], x, y, diagonal=True)]
    for column in findings.protected[:MOST_CHARTS]:
        if of := reliable_slices(found, column):
            # Bands of several groups would hide each other.
            lines = [Curve(name, *_line(reliability(found, name))) for name in of]
            drawn.append(chart(f"By {name_of(column)}", lines, x, y, diagonal=True))
    first, said = findings.decided.iloc[0], ""
    if "ece" in first and np.isfinite(float(first["ece"])):
        said = f"Probabilities and what came true lie {words.points(float(first['ece']))} apart on average. "
    told = "On the dashed line 70 of 100 rows given 70% are positive; above it the model says too little."
    return joined([note(said + told), element("div", *drawn, class_="charts")])


def over_windows(findings: Findings) -> Html:
    """Figures by window of time, each beside that of all rows."""
    if not len(findings.over_time):
        return Html()
    held = findings.in_use(findings.over_time)
    shown, whole = held.tail(MOST_WINDOWS), findings.decided.iloc[0]
    windows = [(float(at), name_of(window)) for at, window in enumerate(shown["window"])]
    x, drawn = Axis("time", ticks=windows), []
    for name in [name for name in tables.figures_of(shown) if shown[name].notna().any()][:MOST_CHARTS]:
        usual = float(whole[name]) if name in whole else np.nan
        levels = [(usual, "all rows")] if np.isfinite(usual) else []
        y = Axis(style.words(name), share=words.is_share(name))
        drawn.append(chart(words.title(name), [over_time(shown, name)], x, y, levels=levels))
    rows = shown["rows"].to_numpy(np.float64)
    counts = Curve("rows", np.arange(len(rows), dtype=np.float64), rows)
    drawn.append(chart("Rows", [counts], x, Axis("rows", span=(0.0, 1.1 * rows.max()))))
    told = note("Bands are 95% intervals, each by itself: one window of twenty lies outside by chance.")
    more = left_out(len(held) - len(shown), "windows")
    return joined([told, element("div", *drawn, class_="charts"), more])


def trade_off(findings: Findings) -> Html:
    """What evening out groups by thresholds of their own costs."""
    if not len(findings.trade_off):
        return Html()
    held = findings.trade_off.sort_values("gap")
    line = Curve("thresholds by group", *(held[name].to_numpy(np.float64) for name in ("gap", "accuracy")))
    x, y = Axis("gap", share=True), Axis("accuracy", share=True)
    drawn = chart("Accuracy against gap", [line], x, y, at=MARGIN)
    told = note("Each point is one choice of a threshold for each group. The upright line is the margin.")
    return joined([told, element("div", drawn, class_="charts")])


def _line(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    return curve.x, curve.y


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

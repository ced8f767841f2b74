"""Charts as inline SVG, which follow the page's colours, light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlflow_prod.report import words
from mlflow_prod.report.curves import Curve
from mlflow_prod.report.page.markup import Html, element, joined, name_of, span_of

WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 50, 22, 12, 42
COLORS = 6
# Width of a letter below a chart.
LETTER = 9


@dataclass(frozen=True)
class Axis:
    """What an axis shows, from end to end of `span`; `ticks` names places, of which some are written."""

    label: str
    share: bool = False
    span: tuple[float, float] | None = None
    ticks: Sequence[tuple[float, str]] = ()


def chart(
    title: str,
    lines: Sequence[Curve],
    x: Axis,
    y: Axis,
    *,
    levels: Sequence[tuple[float, str]] = (),
    at: float | None = None,
    diagonal: bool = False,
) -> Html:
    """A figure with up to six lines.

    `levels`: heights of dashed lines and what they are; `at`: place of an upright one; `diagonal`: one from
    corner to corner. Each point tells its numbers when pointed at.
    """
    across = x.span or span_of(np.concatenate([line.x for line in lines]))
    heights = [part for line in lines for part in (line.y, line.low, line.high)]
    up = y.span or span_of(np.concatenate([*heights, [height for height, _ in levels]]))
    plot = _Plot(across, up)
    shapes = [_grid(plot, x, y)]
    if diagonal:
        shapes.append(_segment(plot, (across[0], up[0]), (across[1], up[1]), "guide"))
    if at is not None:
        shapes.append(_segment(plot, (at, up[0]), (at, up[1]), "guide"))
    for height, what in levels:
        shapes.append(_segment(plot, (across[0], height), (across[1], height), "level"))
        place = {"x": f"{WIDTH - RIGHT}", "y": f"{plot.y(height) - 5:.1f}"}
        shapes.append(element("text", what, class_="said", text_anchor="end", **place))
    drawn = lines[:COLORS]
    shapes += [_band(plot, line, color) for color, line in enumerate(drawn)]
    shapes += [_line(plot, line, color, x, y) for color, line in enumerate(drawn)]
    picture = element(
        "svg",
        element("title", f"{title}: {y.label} by {x.label}"),
        *shapes,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )
    named = [element("li", name_of(line.name), class_=f"c{color}") for color, line in enumerate(drawn)]
    legend = element("ul", *named, class_="legend") if len(lines) > 1 else Html()
    left_out = len(lines) - len(drawn)
    note = element("p", f"{left_out} more are not drawn.", class_="note") if left_out > 0 else Html()
    return element("figure", element("figcaption", title), legend, picture, note)


@dataclass(frozen=True)
class _Plot:
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: float) -> float:
        low, high = self.across
        return LEFT + (value - low) / ((high - low) or 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.up
        return HEIGHT - BOTTOM - (value - low) / ((high - low) or 1.0) * (HEIGHT - TOP - BOTTOM)


def _grid(plot: _Plot, x: Axis, y: Axis) -> Html:
    parts = []
    for value, text in y.ticks or _ticks(*plot.up, y.share):
        parts.append(_segment(plot, (plot.across[0], value), (plot.across[1], value), "grid"))
        height = f"{plot.y(value) + 4:.1f}"
        parts.append(element("text", text, x=LEFT - 7, y=height, text_anchor="end"))
    longest = max((len(text) for _, text in x.ticks), default=0) + 2
    named = x.ticks[:: -(-len(x.ticks) * longest * LETTER // (WIDTH - LEFT - RIGHT)) or 1]
    for value, text in named or _ticks(*plot.across, x.share):
        parts.append(
            element("text", text, x=f"{plot.x(value):.1f}", y=HEIGHT - BOTTOM + 17, text_anchor="middle")
        )
    middle = f"{(LEFT + WIDTH - RIGHT) / 2:.1f}"
    parts.append(element("text", x.label, class_="axis", x=middle, y=HEIGHT - 6, text_anchor="middle"))
    return joined(parts)


def _ticks(low: float, high: float, share: bool) -> list[tuple[float, str]]:
    """Some five round numbers."""
    rough = (high - low) / 5 or 1.0
    size = 10.0 ** np.floor(np.log10(rough))
    step = next((size * times for times in (1, 2, 5) if size * times >= rough), size * 10)
    places = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    digits = max(0, -int(np.floor(np.log10(step * (100 if share else 1)))))
    if share:
        return [(float(at), f"{100 * at + 0.0:.{digits}f}%") for at in places]
    return [(float(at), f"{at + 0.0:,.{digits}f}") for at in places]


def _segment(plot: _Plot, start: tuple[float, float], end: tuple[float, float], kind: str) -> Html:
    ends = {"x1": start[0], "x2": end[0]}, {"y1": start[1], "y2": end[1]}
    places = {name: f"{plot.x(at):.1f}" for name, at in ends[0].items()}
    places |= {name: f"{plot.y(at):.1f}" for name, at in ends[1].items()}
    return element("line", class_=kind, **places)


def _band(plot: _Plot, line: Curve, color: int) -> Html:
    if not len(line.low):
        return Html()
    paths = []
    for piece in _pieces(np.isfinite(line.low) & np.isfinite(line.high)):
        there, back = (_points(plot, line.x[piece], end[piece]) for end in (line.high, line.low))
        paths.append(element("polygon", class_=f"band c{color}", points=" ".join([*there, *back[::-1]])))
    return joined(paths)


def _line(plot: _Plot, line: Curve, color: int, x: Axis, y: Axis) -> Html:
    parts = []
    for piece in _pieces(np.isfinite(line.y)):
        points = " ".join(_points(plot, line.x[piece], line.y[piece]))
        parts.append(element("polyline", class_=f"line c{color}", points=points))
    named = dict(x.ticks)
    for at in np.flatnonzero(np.isfinite(line.y)):
        where = named.get(line.x[at]) or words.number(line.x[at], share=x.share)
        told = f"{name_of(line.name)}, {x.label} {where}: {words.number(line.y[at], share=y.share)}"
        if len(line.low) and (ends := words.between(line.low[at], line.high[at], share=y.share)):
            told += f" ({ends})"
        place = {"cx": f"{plot.x(line.x[at]):.1f}", "cy": f"{plot.y(line.y[at]):.1f}"}
        parts.append(element("circle", element("title", told), class_=f"dot c{color}", r=3.2, **place))
    return joined(parts)


def _points(plot: _Plot, x: np.ndarray, y: np.ndarray) -> list[str]:
    return [f"{plot.x(a):.1f},{plot.y(b):.1f}" for a, b in zip(x, y, strict=True)]


def _pieces(known: np.ndarray) -> list[np.ndarray]:
    """The places where something is known, in runs without a gap."""
    places = np.flatnonzero(known)
    return [run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(run)]

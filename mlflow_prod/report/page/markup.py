"""HTML that cannot be broken by what is written into it."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from mlflow_prod.report import style

LONGEST = 80


class Html(str):
    """Markup; every other text is escaped where it is put into an element."""


def element(name: str, *children: str, **attributes: str | float) -> Html:
    """An element. `class_` is the attribute class, `aria_label` is aria-label; texts are escaped.

    >>> element("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    spelt = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{spelt}>{joined(children)}</{name}>")


def joined(children: Sequence[str]) -> Html:
    """The children one after the other."""
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))


def name_of(text: object) -> str:
    """A name from the data, in one line that is not too long."""
    return style.shortened(" ".join(str(text).split()), LONGEST)


def table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()
) -> Html:
    """A table whose first column names its rows; the columns in `numeric` are set right.

    On a narrow screen it scrolls by itself, with the keyboard, too.
    """

    def attributes(at: int) -> dict[str, str]:
        return {"class_": "number"} if at in numeric else {}

    head = [element("th", text, scope="col", **attributes(at)) for at, text in enumerate(heads)]
    body = [
        element(
            "tr",
            *(
                element("td", cell, **attributes(at)) if at else element("th", cell, scope="row")
                for at, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    whole = element(
        "table",
        element("caption", caption, class_="hidden"),
        element("thead", element("tr", *head)),
        element("tbody", *body),
    )
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def interval(
    ends: tuple[float, float, float], span: tuple[float, float], *, mark: float = np.nan, tone: str = ""
) -> Html:
    """A dot at a value, a bar between the ends of its interval, and a line at `mark`, on a scale over `span`.

    The numbers stand beside it, so that readers of the screen are spared the bar.
    """
    (value, low, high), (start, end) = ends, span
    width = (end - start) or 1.0

    def place(at: float) -> str:
        return f"{100 * min(1.0, max(0.0, (at - start) / width)):.1f}"

    parts = []
    if np.isfinite(mark):
        parts.append(element("i", class_="mark", style=f"left:{place(mark)}%"))
    if np.isfinite(low) and np.isfinite(high):
        left, right = float(place(low)), float(place(high))
        parts.append(element("i", class_="bar", style=f"left:{left:g}%;width:{max(right - left, 0.5):.1f}%"))
    if np.isfinite(value):
        parts.append(element("i", class_="dot", style=f"left:{place(value)}%"))
    return element("span", *parts, class_=f"interval {tone}".strip(), aria_hidden="true")


def span_of(values: Any) -> tuple[float, float]:
    """From the least to the greatest known of some numbers, with some room at both ends."""
    numbers = np.asarray(values, np.float64)
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return 0.0, 1.0
    room = 0.05 * (known.max() - known.min()) or 0.05 * abs(known.max()) or 0.05
    return float(known.min() - room), float(known.max() + room)


def note(text: str) -> Html:
    """A paragraph that says how to read what follows."""
    return element("p", text, class_="note")


def left_out(count: int, what: str = "rows") -> Html:
    """That more is in the run's tables; "" where nothing was left out."""
    return note(f"{count:,} more {what} are in the run's tables.") if count > 0 else Html()

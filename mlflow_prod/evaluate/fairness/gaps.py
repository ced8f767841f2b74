"""How far apart the groups of a column lie in a figure."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from mlflow_prod.evaluate.figures import Figure
from mlflow_prod.evaluate.rows import LEAST_ROWS
from mlflow_prod.stats import bonferroni, largest_gap, quantile_of, smallest_ratio, wilson

# A share (Wilson's interval), a mean that cannot be negative, and one that can (the normal interval).
Kind = Literal["share", "amount", "signed"]
UNKNOWN = float("nan")
# A difference, its ends and bound, a ratio and its ends.
NOTHING = (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)


class Gap(NamedTuple):
    """The largest difference and the smallest ratio between any two groups, with 95% intervals.

    `measure`: the figure that differs most; `least`, `most`: the groups where it is lowest and highest.
    `bound`: how far the difference of the rows may lie from this one, which the interval includes. `n`: the
    effective rows that the figure rests on in the `groups` groups that took part. NaN and "" where fewer than
    two did.
    """

    measure: str
    least: str
    most: str
    difference: float
    difference_low: float
    difference_high: float
    bound: float
    ratio: float
    ratio_low: float
    ratio_high: float
    n: float
    groups: int


def between(
    figures: Mapping[str, Figure],
    groups: Sequence[str],
    kind: Kind,
    *,
    bound: np.ndarray | None = None,
    growth: float = 1.0,
) -> Gap:
    """The gap between groups in the worst of some figures.

    The interval holds for all pairs of groups and all figures together (Bonferroni): of differences
    Newcombe's, of ratios that of Donner and Zou. Groups in which a figure rests on fewer than 10 rows are
    left out: they would speak of persons. Ratios are the lower figure over the higher, at most 1; of signed
    figures NaN.

    Parameters
    ----------
    figures : by name, each of the groups in order.
    bound : (groups,) how far each group's figure may lie from that of its rows; none for exact ones.
    growth : the interval is that of so many times the rows.
    """
    found = [
        _of_one(
            name,
            figure,
            groups,
            kind,
            len(figures),
            np.zeros(len(groups)) if bound is None else bound,
            growth,
        )
        for name, figure in figures.items()
    ]
    # What is not known of one figure is not known of the worst of them.
    if lost := [gap for gap in found if gap.groups < 2]:
        return lost[0]
    worst = max(found, key=lambda gap: gap.difference)
    ratios = [gap.ratio for gap in found if not np.isnan(gap.ratio)]
    return worst._replace(
        difference_low=max(gap.difference_low for gap in found),
        difference_high=max(gap.difference_high for gap in found),
        ratio=min(ratios, default=UNKNOWN),
        ratio_low=min(gap.ratio_low for gap in found),
        ratio_high=min(gap.ratio_high for gap in found),
    )


def enough(figure: Figure, kind: Kind) -> np.ndarray:
    """Which groups, (groups,) bool, have a figure that may be shown; one row alone has no spread."""
    counted = figure.n >= 1 if kind == "share" else figure.n > 1
    return (figure.rows >= LEAST_ROWS) & counted & ~np.isnan(figure.value)


def ends(figure: Figure, kind: Kind, confidence: float, growth: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The ends of a figure's interval at another confidence, on so many times the rows."""
    if kind == "share":
        return wilson(figure.value * figure.n * growth, figure.n * growth, confidence)
    half = (figure.high - figure.value) * quantile_of(confidence) / quantile_of(0.95) / growth**0.5
    low = figure.value - half
    return low.clip(0) if kind == "amount" else low, figure.value + half


def _of_one(
    name: str,
    figure: Figure,
    groups: Sequence[str],
    kind: Kind,
    figures: int,
    bound: np.ndarray,
    growth: float,
) -> Gap:
    kept = np.flatnonzero(enough(figure, kind))
    seen = Figure(*(part[kept] for part in figure))
    n = float(seen.n.sum())
    if len(kept) < 2:
        return Gap(name, "", "", *NOTHING, n, len(kept))
    pairs = len(kept) * (len(kept) - 1) // 2
    low, high = ends(seen, kind, bonferroni(pairs * figures), growth)
    gap, nearest, farthest = largest_gap(seen.value, low, high)
    slack = float(np.sort(bound[kept])[-2:].sum())
    nearest, farthest = max(0.0, nearest - slack), farthest + slack
    if kind == "share":
        farthest = min(1.0, farthest)
    ratio = (UNKNOWN, UNKNOWN, UNKNOWN) if kind == "signed" else smallest_ratio(seen.value, low, high)
    least, most = (groups[kept[at]] for at in (seen.value.argmin(), seen.value.argmax()))
    return Gap(name, least, most, gap, nearest, farthest, slack, *ratio, n, len(kept))

"""Do the probabilities mean what they say?"""

from typing import Any

import numpy as np

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import style
from mlflow_prod.stats import wilson

GROUPS, LEAST_ROWS = 10, 10


def calibration(target: np.ndarray, scores: np.ndarray) -> Any:
    """A matplotlib Figure: predicted against observed share of positives in ten groups, and a histogram.

    `target` (n,) 0 or 1, `scores` (n,) probabilities, n >= 10 (else InvalidParameter); with fewer than
    100 rows there are fewer groups, so that each holds 10.
    """
    target, scores = np.asarray(target, np.float64), np.asarray(scores, np.float64)
    if len(target) < LEAST_ROWS or target.shape != scores.shape:
        raise InvalidParameter("target", f"of the scores' shape, at least {LEAST_ROWS} rows", target.shape)
    groups = np.array_split(np.argsort(scores, kind="stable"), min(GROUPS, len(target) // LEAST_ROWS))
    said = np.array([scores[group].mean() for group in groups])
    hits, n = np.array([(target[group].sum(), len(group)) for group in groups]).T
    low, high = wilson(hits, n)
    drawn = style.figure(6.0, 6.6)
    axes, below = drawn.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    axes.plot([0, 1], [0, 1], color=style.FAINT, linewidth=1, linestyle=(0, (4, 3)))
    axes.vlines(said, low, high, color=style.BLUE, linewidth=2.2)
    axes.plot(said, hits / n, "o-", color=style.BLUE, markersize=7, markeredgecolor="white", linewidth=1)
    axes.set_ylabel("observed share of positives", size=style.SMALL, color=style.FAINT)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    below.hist(scores, bins=40, range=(0, 1), color=style.PALE)
    below.set_xlabel("predicted probability", size=style.SMALL, color=style.FAINT)
    below.set_ylabel("rows", size=style.SMALL, color=style.FAINT)
    style.plain(axes, grid="both")
    style.plain(below, grid="y")
    below.locator_params(axis="y", nbins=3)
    note = f"{len(target):,} rows in {len(groups)} groups of equal size, 95% intervals; dashed: exact"
    style.headline(drawn, "Do the probabilities mean what they say?", note)
    return drawn

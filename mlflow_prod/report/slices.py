"""A forest plot: each slice's figure with its interval, beside that of all rows."""

from collections.abc import Sequence
from typing import Any

from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.evidence import Measure
from mlflow_prod.evidence.measure import told
from mlflow_prod.report import style

PREFERRED = (
    "accuracy",
    "true_positive_rate",
    "false_positive_rate",
    "r2",
    "mae",
    "mean_error",
    "positive_rate",
)
PANELS, ROWS = 3, 40


def slices(measures: Sequence[Measure], names: Sequence[str] = ()) -> Any:
    """A matplotlib Figure with a panel for each measure in `names` and a line for each slice.

    Without `names`: up to three of the usual rates that `measures` hold. Of more than 40 slices those with
    most rows are drawn, and the figure says so. Where there are no slices the recall of each class is
    drawn, or the figures of all rows. Raises InvalidParameter for a name that `measures` do not hold.
    """
    known = {measure.name for measure in measures}
    for name in names:
        if name not in known:
            raise InvalidParameter("names", f"measures that are given ({did_you_mean(name, known)})", name)
    sliced = [measure for measure in measures if measure.slice]
    if not sliced:
        return _without_slices(measures)
    held = {measure.name for measure in sliced}
    shown = list(names) or [name for name in PREFERRED if name in held][:PANELS] or sorted(held)[:PANELS]
    rows = {measure.slice: 0 for measure in sliced if measure.name in shown}
    for measure in sliced:
        if measure.slice in rows:
            rows[measure.slice] = max(rows[measure.slice], measure.n or 0)
    kept = set(sorted(rows, key=lambda cut: -rows[cut])[:ROWS])
    lines = [cut for cut in rows if cut in kept]
    labels = [style.shortened(told(cut), 36) for cut in lines]
    drawn = style.figure(2.9 + 2.3 * len(shown), 1.6 + 0.30 * (len(lines) + 1))
    panels = drawn.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, shown, strict=True):
        by_slice = {measure.slice: measure for measure in measures if measure.name == name}
        _forest(axes, [by_slice.get(cut) for cut in [(), *lines]], ["all rows", *labels])
        axes.set_title(style.words(name), size=style.NORMAL, color=style.INK, loc="left")
    note = (
        "95% intervals; the band is that of all rows, and a slice whose interval lies outside of it is orange"
    )
    if len(lines) < len(rows):
        note = f"{len(lines)} of {len(rows)} slices, those with most rows; " + note
    style.headline(drawn, "How the model treats each slice", note)
    return drawn


def _forest(axes: Any, measures: Sequence[Measure | None], labels: Sequence[str]) -> None:
    overall = measures[0]
    if overall is not None:
        axes.axvline(overall.value, color=style.BLUE, linewidth=1, zorder=1)
        if overall.low is not None and overall.high is not None:
            axes.axvspan(overall.low, overall.high, color=style.PALE, alpha=0.7, linewidth=0, zorder=0)
    for at, measure in enumerate(measures):
        if measure is None:
            continue
        low = measure.value if measure.low is None else measure.low
        high = measure.value if measure.high is None else measure.high
        apart = overall is not None and (
            low > (overall.value if overall.high is None else overall.high)
            or high < (overall.value if overall.low is None else overall.low)
        )
        color = style.ORANGE if apart else style.BLUE
        axes.plot([low, high], [at, at], color=color, linewidth=2.2, solid_capstyle="round", zorder=2)
        axes.plot([measure.value], [at], "o", color=color, markersize=6, markeredgecolor="white", zorder=3)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    style.plain(axes)
    axes.locator_params(axis="x", nbins=4)


def _without_slices(measures: Sequence[Measure]) -> Any:
    recalls = [measure for measure in measures if measure.name.startswith("recall/")]
    shares = ("accuracy", "balanced_accuracy", "auc", "true_positive_rate", "false_positive_rate", "r2")
    shown: list[Measure] = (
        recalls or [measure for measure in measures if measure.name in shares] or list(measures)
    )
    labels = [style.shortened(style.words(measure.name.removeprefix("recall/"))) for measure in shown]
    drawn = style.figure(7.2, 1.6 + 0.30 * max(2, len(shown)))
    accuracy = (
        next((measure for measure in measures if measure.name == "accuracy"), None) if recalls else None
    )
    lines = [accuracy, *shown] if accuracy else shown
    axes = drawn.subplots()
    if accuracy:
        _forest(axes, lines, ["all rows", *labels])
    else:
        _forest(axes, [None, *lines], ["", *labels])
        axes.set_ylim(len(labels) + 0.6, 0.4)
    title = "Recall of each class" if recalls else "How good the model is"
    style.headline(
        drawn, title, "95% intervals" + ("; the band is the accuracy on all rows" if accuracy else "")
    )
    return drawn

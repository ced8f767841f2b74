"""Which slices differ from the rest of the rows, when all of them are looked at."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from mlflow_prod.errors import InvalidParameter, did_you_mean
from mlflow_prod.evaluate import binary, classes, regression
from mlflow_prod.evaluate.counting import LOSSES, Counting, Counts
from mlflow_prod.evaluate.figures import Figure, effective
from mlflow_prod.evaluate.rows import LEAST_ROWS
from mlflow_prod.evaluate.search.rest import of_areas, of_means, of_shares, rest
from mlflow_prod.evidence.measure import told
from mlflow_prod.profile import Slices
from mlflow_prod.stats import benjamini_hochberg, holm, quantile_of

MOST_AT_ONCE = 128
LEVEL = 0.05
FIGURES = {
    "binary": (*binary.RATES, "f1", "auc", *LOSSES),
    "multiclass": ("accuracy", *LOSSES),
    "regression": ("mae", "mean_error"),
}
OF_CLASSES = {"precision": classes.precisions, "recall": classes.recalls, "f1": classes.f1s}
# Figures that are means of a value of each row; all others but the AUC are shares of rows.
MEANS = (*LOSSES, "mae", "mean_error")
Of = Callable[[Slices], Figure]


def alarms(
    counts: Counts, figure: str = "", threshold: float | None = None, least_rows: int = LEAST_ROWS
) -> pd.DataFrame:
    """Each slice against the rest of the rows: by how much a figure differs, and whether that can be chance.

    Parameters
    ----------
    figure : binary: a rate of `binary.RATES`, `f1`, `auc`, and `log_loss` and `brier`, which are not known in
        crosses of columns. Multiclass: `accuracy`, `log_loss`, `brier`, and of each class `precision/CLASS`,
        `recall/CLASS`, `f1/CLASS`. Regression: `mae`, `mean_error`. Default: `accuracy`, or `mae`. Others,
        such as `pr_auc`, `r2`, `rmse` and `macro_f1`, are refused: they are no share, mean or area, and have
        no test here.
    threshold : of those counted at, for rates; default: the first.
    least_rows : slices of fewer rows, that the figure rests on, are not tested.

    Returns a row for each slice that is tested, the likeliest to differ first: `slice` ("sex Female, town
    a"), `rows`, `share` of all rows, `value` with its own 95% interval `low`, `high`, the same of the `rest`,
    the `gap` to it, `p_value`, `adjusted` (of those at most 0.05 some 5% are chance: Benjamini-Hochberg), and
    `alarm`: in 95 of 100 tables whose slices do not differ, none is true (Holm).

    Shares are tested exactly (Fisher), means and areas by their intervals, cautiously where rows are few
    (`rest`). Not for rows that hang together, such as many of one person. Raises InvalidParameter.
    """
    task, at = counts.counting.task, counts.counting.scale.thresholds
    name = figure or ("mae" if task.kind == "regression" else "accuracy")
    of_classes = OF_CLASSES if task.kind == "multiclass" else ()
    known = (*FIGURES[task.kind], *(f"{of}/{one}" for of in of_classes for one in task.classes))
    if name not in known:
        rule = f"one of a {task.kind} task that has a test here ({did_you_mean(name, known)})"
        raise InvalidParameter("figure", rule, figure)
    if threshold not in (None, *at):
        raise InvalidParameter("threshold", f"one of those counted at, {at}", threshold)
    of = _figure(counts.counting, name, at[0] if threshold is None else threshold)
    whole = counts.slices
    parts = [_against(part, whole, name, of) for part in whole.parts(MOST_AT_ONCE)]
    # The first is all rows, which have no rest.
    found = pd.concat(parts, ignore_index=True).iloc[1:]
    found = found[found.pop("base") >= least_rows].dropna(subset="p_value")
    found["adjusted"] = benjamini_hochberg(found["p_value"])
    found["alarm"] = holm(found["p_value"]) <= LEVEL
    size = -found["gap"].abs()
    return found.iloc[np.lexsort((size, found["p_value"]))].reset_index(drop=True)


def _against(part: Slices, whole: Slices, name: str, of: Of) -> pd.DataFrame:
    others = rest(whole, part)
    one, other = of(part), of(others)
    if name == "auc":
        mass, squares = part.mass.sum(axis=-1), part.squares.sum(axis=-1)
        negatives, positives = effective(mass, squares).T
        p = of_areas(one, other, (positives, negatives))
    elif name in MEANS:
        everything = of(next(whole.parts(1)))
        half = everything.high - everything.value
        p = of_means(one, other, float((half / quantile_of(0.95) * np.sqrt(everything.n))[0]))
    else:
        p = of_shares(*(map(_jaccard, (one, other)) if name.split("/")[0] == "f1" else (one, other)))
    rows = part.rows.reshape(len(part.cuts), -1).sum(axis=1)
    return pd.DataFrame(
        {
            "slice": [told(cut) for cut in part.cuts],
            "rows": rows,
            "share": rows / whole.rows[0].sum(),
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "rest": other.value,
            "gap": one.value - other.value,
            "p_value": p,
            "base": one.rows,
        }
    )


def _figure(counting: Counting, name: str, threshold: float) -> Of:
    if name in LOSSES:
        return lambda slices: classes.losses(slices)[name]
    if name == "auc":
        return lambda slices: binary.auc(slices)[0]
    if counting.task.kind == "regression":
        return lambda slices: regression.figures(slices)[name]
    if counting.task.kind == "multiclass":
        if name == "accuracy":
            return classes.accuracy
        of, _, one = name.partition("/")
        return lambda slices: OF_CLASSES[of](slices)[counting.task.classes.index(one)]

    def rate(slices: Slices) -> Figure:
        rates = binary.rates(slices, counting.scale, threshold)
        return binary.f1(rates) if name == "f1" else rates[name]

    return rate


def _jaccard(f1: Figure) -> Figure:
    """The share of rows that an F1 says as much as."""
    return f1._replace(value=f1.value / (2 - f1.value))

"""What a smaller model costs each group: compression hurts the smallest first."""

import numpy as np
import pandas as pd

from mlflow_prod.data import Task
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.evidence import Measure
from mlflow_prod.stats import bonferroni, effective_n, mean, paired_proportions

# Differences of fewer rows are noise.
LEAST_ROWS = 30


def slice_differences(
    task: Task,
    target: np.ndarray,
    original: np.ndarray,
    small: np.ndarray,
    groups: pd.DataFrame,
    weight: np.ndarray | None = None,
) -> pd.DataFrame:
    """By how much a smaller model differs from its original in each group, on the same rows, the worst first.

    A row for each value of each column of `groups` with at least 30 rows (Kish's effective number where
    weighted): `column`, `group`, `rows`, `n`, `difference`, its paired 95% interval `difference_low` and
    `difference_high`, and the wider `together_low` and `together_high`, which hold for all of them at once
    (Bonferroni). The difference is the smaller model's accuracy less the original's; of numbers, its mean
    absolute error less the original's. No rows where there are no such groups.

    Parameters
    ----------
    target, original, small : (n,) or scores (n, classes), after `Task`'s convention.
    groups : n rows of text, protected columns.

    Raises DataError as `evaluation` does. Source: S. Hooker et al., "What Do Compressed Deep Neural Networks
    Forget?", arXiv:1911.05248.
    """
    one, other = (Rows.of(task, target, scores, weight) for scores in (small, original))
    mass = np.ones(len(target)) if weight is None else one.weight
    assert mass is not None
    cuts = []
    for column in groups.columns:
        values = groups[column].astype(str).to_numpy()
        for group in np.unique(values):
            held = values == group
            # Rounded up, as a weight of 1/3 does not add up to whole rows.
            n = int(effective_n(mass[held]) + 1e-6)
            if n >= LEAST_ROWS:
                cuts.append((str(column), str(group), held, n))
    rows = []
    for column, group, held, n in cuts:
        found = []
        for confidence in (0.95, bonferroni(len(cuts))):
            if task.kind == "regression":
                gap = np.abs(one.scores - one.target) - np.abs(other.scores - other.target)
                found.append(mean(gap[held], mass[held], confidence))
            else:
                right, theirs = (of.predicted[held] == of.target[held] for of in (one, other))
                found.append(paired_proportions(right, theirs, mass[held], confidence))
        (value, low, high), (_, least, most) = found
        rows.append((column, group, int(held.sum()), n, value, low, high, least, most))
    table = pd.DataFrame(
        rows,
        columns=[
            "column", "group", "rows", "n", "difference", "difference_low", "difference_high", "together_low",
            "together_high",
        ],
    )  # fmt: skip
    return table.sort_values(
        "difference", ascending=task.kind != "regression", kind="stable", ignore_index=True
    )


def slice_measures(task: Task, table: pd.DataFrame) -> list[Measure]:
    """What `slice_differences` found, as measures: by slice `difference/accuracy`, or `difference/mae`.

    The last is `worst_slice_difference`, the worst of all slices with an interval that holds the worst true
    one: its ends are the worst of the ends that hold together. It is no slice's own, since another one than
    that which looks worst may be it; its n is that of the slice that looks worst. None where there are no
    slices.
    """
    if table.empty:
        return []
    name, worst = ("difference/mae", "max") if task.kind == "regression" else ("difference/accuracy", "min")
    found = [
        Measure(
            name,
            float(row["difference"]),
            float(row["difference_low"]),
            float(row["difference_high"]),
            int(row["n"]),
            ((row["column"], row["group"]),),
        )
        for row in table.to_dict("records")
    ]
    ends = ("difference", "together_low", "together_high")
    value, low, high = (float(table[end].agg(worst)) for end in ends)
    return [*found, Measure("worst_slice_difference", value, low, high, int(table["n"].iloc[0]))]

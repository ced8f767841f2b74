"""How far the rows of now have drifted from a baseline, column by column."""

from itertools import groupby

import numpy as np

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evidence import Measure
from mlflow_prod.profile import Baseline, Profile
from mlflow_prod.stats import chi_squared

# Fewer rows could not show a drift: a measure of them would pass without having looked.
LEAST_ROWS = 30
SIGNIFICANCE = 0.01
# More would have so few rows each that chance alone moves the PSI.
CELLS = 20


def compare(baseline: Baseline, current: Profile, *, psi_threshold: float = 0.1) -> list[Measure]:
    """Drift of the rows of `current` from `baseline`.

    For each column, and for the model's answers as column `prediction`: `<column>/psi` (population stability
    index, >= 0), `<column>/jensen_shannon` (distance to base 2, 0 to 1), `<column>/p_value` (chi-squared, not
    corrected), `<column>/missing_change` (share of missing now less that of the baseline), `<column>/drifted`
    (1 or 0). Then `drifted_columns` and `drifted_share` of all columns. `n` is the rows of `current`.

    A column has drifted when its PSI reaches `psi_threshold` (size) *and* its p value times the number of
    columns is under 0.01 (more than chance). Missing and infinite values are cells like any other, so that a
    column that goes missing has drifted. Numbers are compared in some 20 cells of about equal shares of the
    baseline; where it has up to 20 different ones, in a cell each and cells for what it never saw. Both are
    counted exactly in these. The PSI adds half a row to each cell, because an empty one would make it
    infinite. Not for changes of what the inputs mean (concept drift), which their counts do not see.

    Parameters
    ----------
    psi_threshold : > 0; by custom 0.1 is a moderate and 0.25 a large shift.

    Raises
    ------
    DataError : fewer than 30 rows on a side, lost, new or retyped columns.
    InvalidParameter : `psi_threshold` breaks its rule.
    """
    if not psi_threshold > 0:
        raise InvalidParameter("psi_threshold", "> 0", psi_threshold)
    for side, rows in (("baseline", baseline.rows), ("current", current.rows)):
        if rows < LEAST_ROWS:
            raise DataError(f"{side} must have at least {LEAST_ROWS} rows to tell drift, got {rows}")
    lost, new = (
        sorted(set(baseline.columns) - set(current.columns)),
        sorted(set(current.columns) - set(baseline.columns)),
    )
    if lost or new or not baseline.columns:
        raise DataError(f"columns must be those of the baseline: lost {lost or 'none'}, new {new or 'none'}")
    measures, drifted, n = [], 0, current.rows
    for name, column in baseline.columns.items():
        first, second = _cells(*column.beside(current.columns[name], name), texts=column.kind == "category")
        psi, p_value = _psi(first, second), chi_squared(first, second)
        has_drifted = psi >= psi_threshold and p_value * len(baseline.columns) < SIGNIFICANCE
        drifted += has_drifted
        missing_change = current.columns[name].missing / n - column.missing / baseline.rows
        measures += [
            Measure(f"{name}/psi", psi, n=n),
            Measure(f"{name}/jensen_shannon", _jensen_shannon(first, second), n=n),
            Measure(f"{name}/p_value", p_value, n=n),
            Measure(f"{name}/missing_change", missing_change, n=n),
            Measure(f"{name}/drifted", float(has_drifted), n=n),
        ]
    return [
        *measures,
        Measure("drifted_columns", drifted, n=n),
        Measure("drifted_share", drifted / len(baseline.columns), n=n),
    ]


def _cells(first: np.ndarray, second: np.ndarray, *, texts: bool) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both sides (cells,) with at least a row; neighbours of numbers joined to some 20 cells.

    The last two are infinite and missing ones, which stay by themselves.
    """
    if not texts and np.count_nonzero(first[:-2]) > CELLS:
        starts = [*_starts(first[:-2]), len(first) - 2, len(first) - 1]
        first, second = np.add.reduceat(first, starts), np.add.reduceat(second, starts)
    seen = first + second > 0
    return first[seen], second[seen]


def _starts(counts: np.ndarray) -> list[int]:
    """Where the joined cells start: a common number is alone, between them neighbours share about equally.

    So what the baseline never saw is a cell of its own only beside a number that is common.
    """
    enough = counts.sum() / CELLS
    starts: list[int] = []
    for alone, run in groupby(range(len(counts)), key=lambda at: counts[at] >= enough):
        cells = np.array([*run])
        total = counts[cells].sum()
        if alone or not total:
            starts += cells.tolist() if alone else [int(cells[0])]
            continue
        pieces = max(1, round(total / enough))
        middle = np.cumsum(counts[cells]) - counts[cells] / 2
        piece = np.minimum(middle * pieces // total, pieces - 1)
        starts += cells[np.flatnonzero(np.diff(piece, prepend=-1))].tolist()
    return starts


def _psi(first: np.ndarray, second: np.ndarray) -> float:
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (first, second))
    return float(((q - p) * np.log(q / p)).sum())


def _jensen_shannon(first: np.ndarray, second: np.ndarray) -> float:
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2
    parts = [part[part > 0] * np.log2(part[part > 0] / middle[part > 0]) for part in (p, q)]
    # Rounding may leave a divergence a hair below 0.
    return float(np.sqrt(max(0.0, sum(part.sum() for part in parts) / 2)))

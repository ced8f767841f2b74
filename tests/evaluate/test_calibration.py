import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Task
from mlflow_prod.evaluate import binary, count
from mlflow_prod.evaluate.calibration import calibration_error
from mlflow_prod.evaluate.count import count_rows
from mlflow_prod.evaluate.figures import Whole
from mlflow_prod.evaluate.rows import Rows
from mlflow_prod.profile import Scale

REPAID = Task("binary", "repaid", ("no", "yes"))


def plainly(label, score, weight):
    tenth = np.searchsorted(np.arange(1, 10) / 10, score, side="right")
    return np.abs(np.bincount(tenth, weight * (label - score), 10)).sum() / weight.sum()


def drawn(shares, truth, n, draws=4_000, seed=0):
    """Many tables of n rows at once, of whole numbers by answer and bin of a scale."""
    cells = np.stack([shares * (1 - truth), shares * truth])
    counts = np.random.default_rng(seed).multinomial(n, cells.ravel() / cells.sum(), draws)
    return counts.reshape(draws, 2, -1).astype(np.float64)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_error_is_that_of_the_rows_and_within_its_bound_in_crosses(weighted):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 9_000)
    table = pd.DataFrame(
        {
            "sex": rng.choice(["f", "m"], 9_000),
            "town": rng.choice(list("abc"), 9_000),
            "repaid": np.where(label == 1, "yes", "no"),
            "score": 1 / (1 + np.exp(-(3 * label - 1.5 + 2 * rng.normal(size=9_000)))),
            "weight": rng.uniform(0.1, 3, 9_000) if weighted else 1.0,
        }
    )
    counts = count(table, REPAID, "score", ["sex", "town"], weight="weight" if weighted else "", crosses=2)
    error, bound = binary.ece(counts.slices, counts.counting.scale)
    for at, cut in enumerate(counts.slices.cuts):
        there = np.logical_and.reduce([table[name] == value for name, value in cut] or [label >= 0])
        truth = plainly(label[there], table["score"][there], table["weight"][there])
        if len(cut) < 2:
            assert bound[at] == 0 and error.value[at] == pytest.approx(truth, abs=1e-12)
        else:
            assert 0 < bound[at] < 0.006 and abs(error.value[at] - truth) <= bound[at]
        assert 0 <= error.low[at] <= error.value[at] <= error.high[at]


def test_few_different_scores_need_no_sums():
    scores, target = np.array([0.1, 0.1, 0.3, 0.35, 1.0, 1.0]), np.array([0, 1, 0, 1, 1, 1])
    counts = count_rows(Rows.of(REPAID, target, scores, None), pd.DataFrame(index=range(6)))
    whole = Whole.of(counts.slices)
    unknown = np.full((1, 10), np.nan)
    error, bound = calibration_error(counts.slices.mass, unknown, counts.counting.scale, whole)
    assert bound[0] == 0 and error.value[0] == pytest.approx(plainly(target, scores, np.ones(6)), abs=1e-12)


def flat(p):
    return np.ones_like(p)


def certain(p):
    return np.exp(-30 * np.minimum(p, 1 - p))


@pytest.mark.parametrize("n", [50, 500, 10_000])
@pytest.mark.parametrize(
    ("truth", "shares", "least"),
    [
        (lambda p: p, flat, 0.94),
        (lambda p: p, certain, 0.94),
        (lambda p: (p - 0.03).clip(0), flat, 0.94),
        (lambda p: p**0.6 / (p**0.6 + (1 - p) ** 0.6), certain, 0.94),
        (lambda p: np.where(p > 0.9, p - 0.15, p), flat, 0.90),
    ],
    ids=["calibrated", "calibrated and certain", "all too high", "too certain", "one tenth"],
)
def test_the_interval_holds_the_error(n, truth, shares, least):
    middles = (np.arange(200) + 0.5) / 200
    scale = Scale(middles, exact=True)
    score, weight = scale.ends[0], np.isin(scale.ends[0], middles) * shares(scale.ends[0])
    counts = drawn(weight, truth(score).clip(0, 1), n)
    of_tenth = np.eye(10)[scale.tenths]
    error = np.abs((weight * (truth(score) - score)) @ of_tenth).sum() / weight.sum()
    whole = Whole(*[counts.sum(axis=(1, 2))] * 4)
    found, _ = calibration_error(counts, counts.sum(axis=1) * score @ of_tenth, scale, whole)
    held = ((found.low <= error) & (error <= found.high)).mean()
    assert least <= held <= (0.995 if n > 50 else 1), held
    # Of a model that is off its interval says so, once there are rows enough.
    if error > 0.02 and n == 10_000:
        assert (found.low > 0).all() and (found.high - found.low < 0.03).all()


def test_a_few_rows_that_are_all_right_prove_little():
    target = np.array([0, 1] * 5)
    counts = count_rows(Rows.of(REPAID, target, target.astype(float), None), pd.DataFrame(index=range(10)))
    error, _ = binary.ece(counts.slices, counts.counting.scale)
    assert error.value[0] == error.low[0] == 0 and error.high[0] > 0.1

"""Tables as an evaluation leaves them, for tests of what is drawn from them."""

import functools
import itertools

import numpy as np
import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import count, reliability, slices
from mlflow_prod.report import Findings

BINARY = Task("binary", "repaid", ("no", "yes"))
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))
HOSTILE = "<script>window.ran = 1</script>\"'&amp;<img src=x onerror='window.ran = 2'>"


def rows(n=4_000, towns=6, seed=0):
    """Scored rows by town and sex, of whom women are chosen less often."""
    rng = np.random.default_rng(seed)
    female = rng.random(n) < 0.5
    logit = rng.normal(0.4, 1.5, n)
    return pd.DataFrame(
        {
            "repaid": np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "yes", "no"),
            "score": 1 / (1 + np.exp(-logit + 0.8 * female)),
            "sex": np.where(female, "Female", "Male"),
            "town": np.array([f"town {at}" for at in range(towns)])[rng.integers(0, towns, n)],
        }
    )


@functools.cache
def usual():
    """Counts of the usual rows, their slices and their reliability."""
    counts = counted(rows())
    return slices(counts), reliability(counts, ["sex"])


def counted(frame, columns=("sex", "town"), crosses=2):
    return count(frame, BINARY, "score", list(columns), crosses=crosses, thresholds=TENTHS)


def judged(
    column="sex", notion="demographic parity", at=0.5, gap=(0.15, 0.12, 0.18), verdict="beyond", needed=np.nan
):
    """A row of `evaluate.verdicts`; disparate impact is judged by its ratio."""
    by_ratio = notion == "disparate impact"
    return {
        "column": column, "notion": notion, "measure": "positive_rate", "threshold": at,
        "least": "Female", "most": "Male", "difference": gap[0], "difference_low": gap[1],
        "difference_high": gap[2], "ratio": 1 - gap[0], "ratio_low": 1 - gap[2], "ratio_high": 1 - gap[1],
        "n": 4_000.0, "groups": 2, "judged": "ratio" if by_ratio else "difference",
        "margin": 0.8 if by_ratio else 0.1, "verdict": verdict, "rows": 4_000, "rows_needed": needed,
    }  # fmt: skip


def parity(column="sex"):
    notions = ("demographic parity", "equal opportunity", "equalized odds", "predictive parity")
    return pd.DataFrame([judged(column, notion, at) for notion, at in itertools.product(notions, TENTHS)])


def references(**figures):
    """Of each model (value, low, high) of accuracy."""
    return pd.DataFrame(
        [
            {"model": model, **dict(zip(("accuracy", "accuracy_low", "accuracy_high"), ends, strict=True))}
            for model, ends in figures.items()
        ]
    )


def worst(*adjusted):
    return pd.DataFrame(
        {
            "slice": [f"town town {at}" for at in range(len(adjusted))],
            "rows": 300, "share": 0.05, "value": 0.4, "low": 0.35, "high": 0.45, "rest": 0.2, "gap": 0.2,
            "p_value": adjusted, "adjusted": adjusted,
        }
    )  # fmt: skip


def over_time(windows=20, worse=()):
    low = np.where(np.isin(np.arange(windows), worse), 0.4, 0.7)
    return pd.DataFrame(
        {
            "window": [f"2026-01-{at + 1:02d}" for at in range(windows)], "rows": 200, "n": 200.0,
            "accuracy": low + 0.05, "accuracy_low": low, "accuracy_high": low + 0.1,
        }
    )  # fmt: skip


def next_work(categories=3):
    at = np.arange(categories)
    return pd.DataFrame(
        {
            "category": [f"town town {one}" for one in at], "rows": 500, "share": 0.1, "value": 0.7,
            "reference": 0.9, "gap": 0.2, "gain": 0.02 / (1 + at), "ease": np.nan, "importance": np.nan,
        }
    )  # fmt: skip


def trade_off():
    return pd.DataFrame({"gap": [0.0, 0.1, 0.2], "accuracy": [0.7, 0.74, 0.75]})


def findings(**tables):
    """Everything at once; `tables` replace some of it."""
    figures, reliable = usual()
    found = {
        "slices": figures,
        "protected": ("sex",),
        "facts": {"Data": "loans/test", "Model": "sha256 0123456789abcdef"},
        "references": references(
            **{
                "this model": (0.8, 0.78, 0.82),
                "majority class": (0.6, 0.57, 0.63),
                "human level": (0.9, 0.88, 0.92),
            }
        ),
        "parity": parity(),
        "over_time": over_time(),
        "worst": worst(0.001, 0.2),
        "next_work": next_work(),
        "reliability": reliable,
        "trade_off": trade_off(),
    }
    return Findings("loans, version 3", BINARY, **(found | tables))

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import evaluation, versus

BINARY = Task("binary", "repaid", ("no", "yes"))
THREE = Task("multiclass", "kind", ("a", "b", "c"))
PRICE = Task("regression", "price")
OTHER = "b" * 64


def drawn(task, n=600):
    rng = np.random.default_rng(0)
    if task.kind == "regression":
        target = rng.normal(size=n)
        return target, target + rng.normal(0, 0.5, n), target + rng.normal(0, 0.6, n)
    if task.kind == "binary":
        target = rng.integers(0, 2, n)
        signal = (target - 0.5) * 2 + rng.normal(size=n)
        return target, *(1 / (1 + np.exp(-(signal + rng.normal(0, s, n)))) for s in (0.1, 0.4))
    target = rng.integers(0, 3, n)
    return target, *(rng.dirichlet([1, 1, 1], n) * 0.4 + 0.6 * np.eye(3)[target] for _ in range(2))


@pytest.mark.parametrize("task", [BINARY, THREE, PRICE], ids=lambda task: task.kind)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_difference_is_that_of_the_two_figures_and_narrower_than_apart(task, weighted):
    target, mine, theirs = drawn(task)
    weight = np.random.default_rng(1).random(len(target)) if weighted else None
    nothing = pd.DataFrame(index=range(len(target)))
    own, other = (
        {one.name: one for one in evaluation(task, target, scores, nothing, weight)}
        for scores in (mine, theirs)
    )
    found = versus(task, target, mine, theirs, OTHER, weight)
    assert {gap.name for gap in found} == {
        "binary": {"accuracy", "auc", "log_loss", "brier"},
        "multiclass": {"accuracy", "log_loss", "brier"},
        "regression": {"mae"},
    }[task.kind]
    for gap in found:
        assert gap.against == OTHER
        assert gap.value == pytest.approx(own[gap.name].value - other[gap.name].value, abs=1e-9)
        assert gap.low <= gap.value <= gap.high
        if task.kind == "binary":
            apart = np.hypot(*(one[gap.name].high - one[gap.name].low for one in (own, other)))
            assert gap.high - gap.low < apart


def test_a_model_has_nothing_over_itself():
    target, mine, _ = drawn(BINARY)
    for gap in versus(BINARY, target, mine, mine, OTHER):
        assert gap.value == 0 and gap.low <= 0 <= gap.high

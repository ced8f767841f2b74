import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact
from sklearn.metrics import f1_score
from statsmodels.stats.multitest import multipletests

from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import alarms, count

REPAID = Task("binary", "repaid", ("no", "yes"))
LEVELS = {"c0": 2, "c1": 3, "c2": 4, "c3": 5, "c4": 6, "c5": 8, "c6": 10, "c7": 12}


def scored(seed, n=4_000):
    """Rows of eight columns that have nothing to do with how good the score is."""
    rng = np.random.default_rng(seed)
    names = {
        name: pd.Categorical.from_codes(rng.integers(0, levels, n), [f"v{level}" for level in range(levels)])
        for name, levels in LEVELS.items()
    }
    label = (rng.random(n) < 0.2).astype(int)
    return pd.DataFrame(
        {
            **names,
            "repaid": np.where(label == 1, "yes", "no"),
            "score": 1 / (1 + np.exp(-(3 * label - 2 + rng.normal(size=n)))),
            "weight": rng.exponential(1, n),
            "price": rng.normal(size=n),
        }
    ).assign(guess=lambda table: table["price"] + rng.lognormal(0, 1.5, n))


def test_each_slice_is_set_against_all_other_rows():
    table = scored(0)
    found = alarms(count(table, REPAID, "score", ["c1", "c3"], crosses=2))
    assert len(found) == 3 + 5 + 15
    right = (table["score"] >= 0.5) == (table["repaid"] == "yes")
    for _, row in found.iterrows():
        pairs = [text.split(" ") for text in row["slice"].split(", ")]
        inside = np.logical_and.reduce([table[column] == value for column, value in pairs])
        assert row["rows"] == inside.sum() and row["share"] == pytest.approx(inside.mean())
        assert row["value"] == pytest.approx(right[inside].mean())
        assert row["rest"] == pytest.approx(right[~inside].mean())
        assert row["gap"] == pytest.approx(row["value"] - row["rest"])
        assert row["low"] < row["value"] < row["high"]
        counts = [[right[of].sum(), (~right[of]).sum()] for of in (inside, ~inside)]
        sides = (fisher_exact(counts, alternative=side).pvalue for side in ("less", "greater"))
        assert row["p_value"] == pytest.approx(min(1, 2 * min(sides)), rel=1e-9)
    assert found["p_value"].is_monotonic_increasing
    assert np.allclose(found["adjusted"], multipletests(found["p_value"], method="fdr_bh")[1])
    assert found["alarm"].equals(pd.Series(multipletests(found["p_value"], method="holm")[0], name="alarm"))


@pytest.mark.parametrize("weight", ["", "weight"])
def test_a_thousand_slices_that_do_not_differ_raise_no_alarm(weight):
    """In at most one of twenty tables: of 16 in one, and 5 are four standard errors more."""
    raised = {name: 0 for name in ("accuracy", "f1", "auc", "log_loss")}
    for seed in range(16):
        counts = count(scored(seed), REPAID, "score", list(LEVELS), crosses=2, weight=weight)
        for name in raised:
            found = alarms(counts, name)
            assert len(found) > (700 if name != "log_loss" else 40)
            raised[name] += bool(found["alarm"].any())
    assert max(raised.values()) <= 4


def test_skewed_errors_raise_none_either():
    raised = 0
    for seed in range(20):
        counts = count(scored(seed), Task("regression", "price"), "guess", list(LEVELS), crosses=2)
        found = alarms(counts)
        assert len(found) > 1_000
        raised += bool(found["alarm"].any())
    assert raised <= 5


def test_nor_do_the_figures_of_each_class():
    task, raised = Task("multiclass", "kind", ("a", "b", "c")), 0
    names = [f"{of}/{one}" for of in ("precision", "recall", "f1") for one in task.classes]
    for seed in range(6):
        table, rng = scored(seed), np.random.default_rng(seed)
        kinds = rng.choice(3, len(table), p=[0.6, 0.3, 0.1])
        table["kind"] = np.array(list("abc"))[kinds]
        table[["p0", "p1", "p2"]] = rng.dirichlet(np.ones(3), len(table)) * 0.6 + np.eye(3)[kinds] * 0.4
        counts = count(table, task, ["p0", "p1", "p2"], list(LEVELS), crosses=2)
        raised += sum(bool(alarms(counts, name)["alarm"].any()) for name in names)
    # Of 54 in 2.7, and 9 are four standard errors more.
    assert raised <= 9


def test_an_f1_has_the_test_of_the_share_that_says_as_much():
    table = scored(6)
    chosen, truth = table["score"] >= 0.5, table["repaid"] == "yes"
    found = alarms(count(table, REPAID, "score", ["c2"]), "f1").set_index("slice")
    for value in ("v0", "v1", "v2", "v3"):
        inside, row = table["c2"] == value, found.loc[f"c2 {value}"]
        assert row["value"] == pytest.approx(f1_score(truth[inside], chosen[inside]), abs=1e-12)
        assert row["rest"] == pytest.approx(f1_score(truth[~inside], chosen[~inside]), abs=1e-12)
        counts = [[(chosen & truth & of).sum(), ((chosen ^ truth) & of).sum()] for of in (inside, ~inside)]
        sides = (fisher_exact(counts, alternative=side).pvalue for side in ("less", "greater"))
        assert row["p_value"] == pytest.approx(min(1, 2 * min(sides)), rel=1e-9)


def test_a_class_that_is_missed_in_a_slice_raises_an_alarm_of_its_recall():
    table = scored(7)
    table["kind"] = table["c1"].astype(str)
    answers = np.eye(3)[table["c1"].cat.codes] * 0.4 + 0.2
    answers[(table["c1"] == "v2") & (table["c3"] == "v1")] = [0.6, 0.2, 0.2]
    table[["p0", "p1", "p2"]] = answers
    counts = count(table, Task("multiclass", "kind", ("v0", "v1", "v2")), ["p0", "p1", "p2"], ["c3", "c4"])
    found = alarms(counts, "recall/v2").iloc[0]
    assert found["slice"] == "c3 v1" and found["alarm"] and (found["value"], found["rest"]) == (0, 1)
    for name in ("precision/v0", "f1/v2"):
        assert alarms(counts, name)["slice"][0] == "c3 v1"
    assert not alarms(counts, "recall/v1")["alarm"].any()


@pytest.mark.parametrize("name", ["accuracy", "auc", "log_loss"])
def test_a_slice_that_differs_raises_one_and_comes_first(name):
    table = scored(1)
    worse = (table["c3"] == "v2") & (np.arange(len(table)) % 3 == 0)
    table["score"] = table["score"].where(~worse, 1 - table["score"])
    found = alarms(count(table, REPAID, "score", list(LEVELS)), name)
    assert (
        found["slice"][0] == "c3 v2"
        and found["alarm"][0]
        and found["gap"][0] * (1 if name == "log_loss" else -1) > 0
    )
    # Its column's other slices are better than the rest, which it is a part of.
    assert {text.split(" ")[0] for text in found["slice"][found["alarm"]]} == {"c3"}


def test_multiclass_and_regression_have_their_figures():
    table = scored(2)
    table["kind"] = table["c1"].astype(str)
    answers = np.full((len(table), 3), 0.2)
    answers[np.arange(len(table)), table["c1"].cat.codes] = 0.6
    answers[table["c3"] == "v0"] = [0.6, 0.2, 0.2]
    table[["p0", "p1", "p2"]] = answers
    counts = count(table, Task("multiclass", "kind", ("v0", "v1", "v2")), ["p0", "p1", "p2"], ["c3", "c4"])
    for name in ("", "log_loss", "brier"):
        assert alarms(counts, name).query("alarm")["slice"].tolist()[:1] == ["c3 v0"]
    table["guess"] = table["price"] + np.where(table["c4"] == "v1", 2.0, 1.0)
    counts = count(table, Task("regression", "price"), "guess", ["c3", "c4"])
    for name in ("mae", "mean_error"):
        first = alarms(counts, name).iloc[0]
        assert first["slice"] == "c4 v1" and first["gap"] == pytest.approx(1) and first["alarm"]


def test_small_slices_are_not_tested_and_one_slice_of_all_rows_has_no_rest():
    table = scored(3)[:200]
    counts = count(table.assign(all="one"), REPAID, "score", ["c7", "all"])
    assert set(alarms(counts, least_rows=1)["slice"]) == {f"c7 {value}" for value in table["c7"].unique()}
    many = table["c7"].value_counts()
    assert set(alarms(counts, least_rows=20)["slice"]) == {f"c7 {value}" for value in many.index[many >= 20]}
    assert len(alarms(counts, least_rows=1_000)) == 0


def test_thresholds_have_their_own_alarms():
    table = scored(4)
    counts = count(table, REPAID, "score", ["c3"], thresholds=(0.2, 0.6))
    for threshold in (0.2, 0.6):
        found = alarms(counts, "positive_rate", threshold).set_index("slice")["value"]
        expected = (table["score"] >= threshold).groupby(table["c3"], observed=True).mean()
        assert found["c3 v1"] == pytest.approx(expected["v1"])
    assert alarms(counts, "positive_rate").equals(alarms(counts, "positive_rate", 0.2))


def test_bad_parameters_are_refused():
    counts = count(scored(5), REPAID, "score", ["c3"])
    with pytest.raises(
        InvalidParameter, match=r"one of a binary task that has a test here .did you mean 'accuracy'"
    ):
        alarms(counts, "acuracy")
    with pytest.raises(
        InvalidParameter, match=r"threshold must be one of those counted at, \(0.5,\), got 0.4"
    ):
        alarms(counts, threshold=0.4)


@pytest.mark.parametrize(
    ("task", "score", "figures"),
    [
        (REPAID, "score", ("pr_auc", "balanced_accuracy", "ece", "recall/yes")),
        (Task("regression", "price"), "guess", ("r2", "rmse", "mape", "accuracy")),
        (
            Task("multiclass", "repaid", ("no", "yes", "so")),
            ["no", "yes", "so"],
            ("macro_f1", "recall/n"),
        ),
    ],
    ids=["binary", "regression", "multiclass"],
)
def test_figures_without_a_test_are_refused(task, score, figures):
    table = scored(5).assign(no=0.2, yes=0.5, so=0.3)
    counts = count(table, task, score, ["c3"])
    for name in figures:
        with pytest.raises(
            InvalidParameter, match=f"figure must be one of a {task.kind} task that has a test"
        ):
            alarms(counts, name)

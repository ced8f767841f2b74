import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate import classes, count, slices
from mlflow_prod.profile import Slices

KINDS = ("cat", "dog", "bird", "newt")
TASK = Task("multiclass", "kind", KINDS)
SCORES = [f"p_{name}" for name in KINDS]


def scored(n, seed=0, shares=(0.4, 0.3, 0.28, 0.02), strength=1.5):
    rng = np.random.default_rng(seed)
    target = rng.choice(4, n, p=shares)
    raw = np.exp(rng.normal(size=(n, 4)) + strength * np.eye(4)[target])
    table = pd.DataFrame(raw / raw.sum(axis=1, keepdims=True), columns=SCORES)
    return table.assign(
        kind=np.array(KINDS)[target],
        town=rng.choice(list("ab"), n),
        new=rng.choice([True, False], n),
        weight=rng.uniform(0.1, 2, n),
    )


@pytest.mark.parametrize("weight", ["", "weight"])
def test_figures_are_scikit_learns_in_every_slice(weight):
    table = scored(8_000)
    found = slices(count(table, TASK, SCORES, ["town", "new"], weight=weight, crosses=2))
    assert len(found) == 1 + 2 + 2 + 4
    for _, row in found.iterrows():
        there = [table[name].map(str) == row[name] for name in ("town", "new") if pd.notna(row[name])]
        rows = table[np.logical_and.reduce(there)] if there else table
        target = rows["kind"].map(KINDS.index).to_numpy()
        scores = rows[SCORES].to_numpy()
        chosen = scores.argmax(axis=1)
        known = {"sample_weight": rows["weight"] if weight else None}
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(target, chosen, **known)
        expected = {
            "accuracy": metrics.accuracy_score(target, chosen, **known),
            "balanced_accuracy": metrics.balanced_accuracy_score(target, chosen, **known),
            "macro_precision": precision.mean(),
            "macro_recall": recall.mean(),
            "macro_f1": f1.mean(),
        }
        for code, name in enumerate(KINDS):
            expected |= {f"precision/{name}": precision[code], f"recall/{name}": recall[code]}
            expected[f"f1/{name}"] = f1[code]
            assert row[f"rows/{name}"] == (target == code).sum()
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, abs=1e-12), name
            assert row[f"{name}_low"] <= value <= row[f"{name}_high"], name
        assert row["log_loss"] == pytest.approx(metrics.log_loss(target, scores, **known), abs=1e-9)
        if len(there) < 2:
            area = metrics.roc_auc_score(target, scores, multi_class="ovr", **known)
            assert abs(row["auc"] - area) <= row["auc_bound"] < 0.01
            assert row["auc_low"] < area < row["auc_high"]
            tenth = np.searchsorted(np.arange(1, 10) / 10, scores.max(axis=1), side="right")
            weights = rows["weight"] if weight else np.ones(len(rows))
            gaps = np.bincount(tenth, weights * ((chosen == target) - scores.max(axis=1)))
            assert row["ece"] == pytest.approx(np.abs(gaps).sum() / weights.sum(), abs=1e-12)
            assert row["ece_bound"] == 0 and row["ece_low"] <= row["ece"] <= row["ece_high"]
        else:
            assert np.isnan(row[["auc", "auc_bound", "ece", "ece_low"]].astype(float)).all()


def test_counts_add_with_their_marks():
    table = scored(3_000)
    parts = [count(part, TASK, SCORES, ["town"]) for part in (table[:1_000], table[1_000:])]
    whole = slices(count(table, TASK, SCORES, ["town"]))
    pd.testing.assert_frame_equal(slices(parts[0] + parts[1]), whole, rtol=1e-12)
    pd.testing.assert_frame_equal(slices(parts[1] + parts[0]), whole, rtol=1e-12)


def test_a_rare_class_is_shown_with_a_wide_interval_and_one_without_rows_is_unknown():
    table = scored(4_000)
    rare = table[(table["kind"] != "newt") | (np.arange(4_000) < 200)]
    row = slices(count(rare, TASK, SCORES)).iloc[0]
    assert 1 <= row["rows/newt"] < 15 and row["recall/newt_high"] - row["recall/newt_low"] > 0.25
    none = table[table["kind"] != "newt"]
    row = slices(count(none, TASK, SCORES)).iloc[0]
    assert row["rows/newt"] == 0 and np.isnan(row["recall/newt"]) and np.isnan(row["recall/newt_low"])
    target, chosen = none["kind"].map(KINDS.index), none[SCORES].to_numpy().argmax(axis=1)
    # Some rows are taken for it: its precision and F1 are 0, and count, as scikit-learn's.
    assert row["precision/newt"] == row["f1/newt"] == 0
    assert row["macro_f1"] == pytest.approx(metrics.f1_score(target, chosen, average="macro"), abs=1e-12)
    recall = metrics.recall_score(target, chosen, average="macro", zero_division=0)
    assert row["macro_recall"] == pytest.approx(recall, abs=1e-12)
    assert row["balanced_accuracy"] == pytest.approx(recall * 4 / 3, abs=1e-12)
    areas = [metrics.roc_auc_score(target == code, none[SCORES[code]]) for code in range(3)]
    assert abs(row["auc"] - np.mean(areas)) <= row["auc_bound"]


@pytest.mark.parametrize("n", [60, 400])
@pytest.mark.parametrize("right", [0.6, 0.95])
def test_the_intervals_of_macro_figures_cover_the_truth(n, right):
    truth = np.array([0.5, 0.3, 0.2])[:, None] * (
        np.full((3, 3), (1 - right) / 2) + (1.5 * right - 0.5) * np.eye(3)
    )
    draws = np.random.default_rng(0).multinomial(n, truth.ravel(), 4_000).reshape(-1, 3, 3)
    mass = draws.astype(float)
    none = np.zeros((len(draws), 0, 3))
    found = classes.macro(Slices(((),) * len(draws), draws, mass, mass, none))
    of, taken = truth.sum(axis=1), truth.sum(axis=0)
    correct = np.diagonal(truth)
    expected = {
        "macro_precision": (correct / taken).mean(),
        "macro_recall": (correct / of).mean(),
        "macro_f1": (2 * correct / (of + taken)).mean(),
    }
    for name, value in expected.items():
        held = ((found[name].low <= value) & (value <= found[name].high)).mean()
        assert 0.935 <= held <= 0.985, (name, held)


def test_the_interval_of_the_macro_area_is_cautious():
    large = scored(200_000, seed=99, shares=(0.25,) * 4)
    area = metrics.roc_auc_score(large["kind"].map(KINDS.index), large[SCORES], multi_class="ovr")
    found = [
        slices(count(scored(200, seed, (0.25,) * 4), TASK, SCORES)).iloc[0][["auc_low", "auc_high"]]
        for seed in range(100)
    ]
    assert sum(low <= area <= high for low, high in found) >= 95


def test_a_column_of_too_many_values_for_what_is_kept_has_no_area(monkeypatch):
    monkeypatch.setattr("mlflow_prod.profile.table.MOST_NUMBERS", 20 * 2 * 5 * 524)
    table = scored(4_000).assign(shop=np.arange(4_000) % 60)
    found = slices(count(table, TASK, SCORES, ["shop", "town"]))
    assert found["shop"].notna().sum() == 60
    assert found.loc[found["shop"].notna(), "auc"].isna().all()
    assert found.loc[found["shop"].isna(), "auc"].notna().all()
    assert found["accuracy"].notna().all()
    plain = slices(count(table, TASK, SCORES, ["town"]))
    pd.testing.assert_series_equal(found["auc"][found["shop"].isna()].reset_index(drop=True), plain["auc"])


def test_probabilities_that_do_not_sum_to_1_are_refused():
    table = scored(50)
    table.loc[7, "p_cat"] += 0.02
    with pytest.raises(DataError, match=r"sum to 1 within 0\.0078.*1 of 50 rows, first in row 7"):
        count(table, TASK, SCORES)
    # What eight bits make of probabilities passes.
    eight = scored(50)
    eight[SCORES] = np.round(eight[SCORES] * 256) / 256
    assert len(slices(count(eight, TASK, SCORES))) == 1

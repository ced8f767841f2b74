import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from sklearn import metrics

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import count, slices
from mlflow_prod.stats import mean

REPAID = Task("binary", "repaid", ("no", "yes"))
COLUMNS = ["sex", "town", "new"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 6_000
    label = rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "sex": rng.choice(["Female", "Male", None], n, p=[0.5, 0.4, 0.1]),
            "town": rng.choice(list("abcde"), n),
            "new": rng.choice([True, False], n),
            "repaid": np.where(label == 1, "yes", "no"),
            "score": 1 / (1 + np.exp(-(2 * label - 1 + rng.normal(size=n)))),
            "weight": rng.uniform(0.1, 2, n),
        }
    )


def part(table, row):
    there = table.assign(sex=table["sex"].fillna("missing"), new=table["new"].map(str))
    return table[np.logical_and.reduce([there[name] == row[name] for name in COLUMNS if pd.notna(row[name])])]


@pytest.mark.parametrize("weight", ["", "weight"])
def test_every_slice_has_fairlearns_and_scikit_learns_figures(table, weight):
    found = slices(count(table, REPAID, "score", COLUMNS, weight=weight, crosses=2))
    assert len(found) == 1 + (3 + 5 + 2) + (15 + 6 + 10)
    counts = {"rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}
    theirs = {"positive_rate": "rate", "true_positive_rate": "tpr", "false_positive_rate": "fpr"}
    for _, row in found.iloc[1:].iterrows():
        rows = part(table, row)
        weights = rows["weight"] if weight else None
        label, chosen = (rows["repaid"] == "yes").astype(int), (rows["score"] >= 0.5).astype(int)
        given = {name: {"sample_weight": weights} for name in counts} if weight else None
        frame = MetricFrame(
            metrics=counts,
            y_true=label,
            y_pred=chosen,
            sensitive_features=np.zeros(len(rows)),
            sample_params=given,
        )
        assert row["rows"] == len(rows)
        for ours, name in theirs.items():
            assert row[ours] == pytest.approx(frame.overall[name], abs=1e-12)
            assert row[f"{ours}_low"] <= row[ours] <= row[f"{ours}_high"]
        area = metrics.roc_auc_score(label, rows["score"], sample_weight=weights)
        assert abs(row["auc"] - area) <= row["auc_bound"] + 1e-12
        balanced = metrics.balanced_accuracy_score(label, chosen, sample_weight=weights)
        assert row["balanced_accuracy"] == pytest.approx(balanced, abs=1e-12)
        single = sum(pd.notna(row[name]) for name in COLUMNS) == 1
        for name, loss in (("log_loss", metrics.log_loss), ("brier", metrics.brier_score_loss)):
            expected = loss(label, rows["score"], sample_weight=weights)
            assert abs(row[name] - expected) <= row[f"{name}_bound"] + 1e-9
            assert row[f"{name}_bound"] == 0 if single else 0 < row[f"{name}_bound"] < 0.01
            assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]


def test_parquet_and_a_table_give_the_same_counts_whatever_the_batches(table, tmp_path, monkeypatch):
    file = tmp_path / "scored.parquet"
    pq.write_table(pa.Table.from_pandas(table), file, row_group_size=700)
    whole = slices(count(table, REPAID, "score", COLUMNS))
    monkeypatch.setattr("mlflow_prod.data.batches.ROWS", 333)
    for source in (table, file):
        pd.testing.assert_frame_equal(slices(count(source, REPAID, "score", COLUMNS)), whole, rtol=1e-12)


def test_classes_are_known_by_their_text_whatever_the_column_holds(table):
    label = (table["repaid"] == "yes").astype(int)
    whole = slices(count(table, REPAID, "score", ["town"]))
    for classes, values in (
        (("0", "1"), label),
        (("0", "1"), label.astype(float)),
        (("-1", "1"), label * 2 - 1),
        (("False", "True"), label == 1),
        (("no", "yes"), table["repaid"].astype("category")),
    ):
        found = slices(
            count(table.assign(repaid=values), Task("binary", "repaid", classes), "score", ["town"])
        )
        pd.testing.assert_frame_equal(found, whole)
    with pytest.raises(DataError, match="must hold the classes 0, 1, got '2'"):
        slices(count(table.assign(repaid=label + 1), Task("binary", "repaid", ("0", "1")), "score", ["town"]))


def test_thresholds_have_their_own_rates_and_one_column_alone_no_crosses(table):
    found = slices(count(table, REPAID, "score", ["town"], crosses=1, thresholds=(0.2, 0.7)))
    assert len(found) == 6
    for threshold in (0.2, 0.7):
        rate = (table["score"] >= threshold).mean()
        assert found[f"positive_rate_at_{threshold}"][0] == pytest.approx(rate, abs=1e-12)
        assert f"balanced_accuracy_at_{threshold}" in found and f"f1_at_{threshold}_high" in found


def test_the_interval_of_a_loss_in_a_cross_is_that_of_its_rows(table):
    found = slices(count(table, REPAID, "score", COLUMNS, crosses=2))
    for _, row in found[found[COLUMNS].notna().sum(axis=1) == 2].iterrows():
        rows = part(table, row)
        given = np.where(rows["repaid"] == "yes", rows["score"], 1 - rows["score"])
        _, low, high = mean(-np.log(given))
        assert (row["log_loss_low"], row["log_loss_high"]) == pytest.approx((low, high), abs=5e-3)
        assert row["log_loss_high"] - row["log_loss_low"] == pytest.approx(high - low, rel=0.02)


def test_a_slice_of_one_class_or_of_one_row_has_what_can_be_said_of_it(table):
    rows = table.assign(side=np.where(table["repaid"] == "yes", "one", "other"))
    rows.loc[0, "side"] = "single"
    found = slices(count(rows, REPAID, "score", ["side"])).set_index("side")
    assert found.loc["one", ["auc", "auc_low", "false_positive_rate", "true_negative_rate_low"]].isna().all()
    assert found.loc["one", ["balanced_accuracy", "log_loss", "ece"]].notna().all()
    assert found.loc["one", "balanced_accuracy"] == found.loc["one", "true_positive_rate"]
    assert found.loc["single", "rows"] == 1 and np.isnan(found.loc["single", "log_loss_low"])
    assert found.loc["single", "ece_high"] - found.loc["single", "ece_low"] > 0.5


def test_rows_without_weight_say_nothing(table):
    weighted = table.assign(weight=np.where(table["town"] == "a", 0.0, 1.0))
    found = slices(count(weighted, REPAID, "score", ["town"], weight="weight")).set_index("town")
    figures = found.columns.drop(["rows", "n"])
    assert found.loc["a", "rows"] > 0 and found.loc["a", "n"] == 0 and found.loc["a", figures].isna().all()
    alone = slices(count(table[table["town"] != "a"], REPAID, "score"))
    whole = found.iloc[0][figures].astype(float)
    pd.testing.assert_series_equal(whole, alone.iloc[0][figures].astype(float), check_names=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": np.nan}, "scores must be finite"),
        ({"score": 1.5}, "probabilities between 0 and 1"),
        ({"score": "high"}, "column 'score' must hold numbers"),
        ({"repaid": "perhaps"}, "must hold the classes no, yes, got 'perhaps'"),
        ({"repaid": None}, "must hold the classes no, yes, got a missing value"),
        ({"town": [["a"]] * 6_000}, "column 'town' must hold plain values .* got list"),
    ],
)
def test_bad_rows_are_refused(table, change, message):
    with pytest.raises(DataError, match=message):
        slices(count(table.assign(**change), REPAID, "score", COLUMNS))


def test_bad_parameters_are_refused(table):
    with pytest.raises(InvalidParameter, match="crosses must be 1 to 3, got 4"):
        count(table, REPAID, "score", COLUMNS, crosses=4)
    with pytest.raises(InvalidParameter, match="score must be 1 column of a binary task"):
        count(table, REPAID, ["score", "weight"], COLUMNS)
    with pytest.raises(InvalidParameter, match="columns must be named once each"):
        count(table, REPAID, "score", ["town", "town"])
    with pytest.raises(DataError, match="no column 'twon'"):
        slices(count(table, REPAID, "score", ["twon"]))
    with pytest.raises(DataError, match="no rows"):
        slices(count(table[:0], REPAID, "score", COLUMNS))
    with pytest.raises(DataError, match="weight must be finite and >= 0"):
        slices(count(table.assign(weight=-1.0), REPAID, "score", COLUMNS, weight="weight"))
    with pytest.raises(DataError, match="column 'auc' is called as a figure is"):
        slices(count(table.assign(auc="x"), REPAID, "score", ["town", "auc"]))


def test_a_column_of_too_many_values_is_left_out(table):
    many = table.assign(id=[f"id{number}" for number in range(len(table))])
    found = slices(count(many, REPAID, "score", ["id", "town"], crosses=2))
    assert found["id"].isna().all() and len(found) == 6


def test_three_columns_together_and_counts_that_add(table):
    whole = count(table, REPAID, "score", COLUMNS, crosses=3)
    parts = count(table[:2_000], REPAID, "score", COLUMNS, crosses=3)
    parts += count(table[2_000:], REPAID, "score", COLUMNS, crosses=3)
    pd.testing.assert_frame_equal(slices(parts), slices(whole), rtol=1e-12)
    found = slices(whole)
    three = found[found[COLUMNS].notna().all(axis=1)]
    assert len(three) == 30
    for _, row in three.iterrows():
        assert row["rows"] == len(part(table, row))
    with pytest.raises(DataError, match="counts add only"):
        whole + count(table, REPAID, "score", COLUMNS)


def test_what_is_of_another_type_is_refused(table):
    with pytest.raises(InvalidParameter, match="columns must be names of columns, as texts, or cuts, got 7"):
        count(table, REPAID, "score", [7])
    for thresholds in (0.5, ["high"]):
        with pytest.raises(InvalidParameter, match="thresholds must be several numbers between 0 and 1"):
            count(table, REPAID, "score", thresholds=thresholds)
    with pytest.raises(DataError, match=r"^the table has no rows: give at least one$"):
        count(table[:0], REPAID, "score")


def test_thresholds_that_are_nearly_equal_have_each_their_rates(table):
    score = np.where(table.index % 2, 0.5, 0.5000004)
    found = slices(count(table.assign(score=score), REPAID, "score", thresholds=(0.5, 0.5000002))).iloc[0]
    assert found["positive_rate_at_0.5"] == 1
    assert found["positive_rate_at_0.5000002"] == 0.5


def test_a_bad_row_of_a_later_batch_is_found_where_it_stands(table):
    many = pd.concat([table] * 23, ignore_index=True)
    many.loc[131_072 + 5, "score"] = np.nan
    with pytest.raises(DataError, match=r"^scores must be finite") as raised:
        count(many, REPAID, "score", COLUMNS)
    row, start = map(
        int, re.search(r"first in row (\d+), counted from row (\d+)$", str(raised.value)).groups()
    )
    assert start + row == 131_072 + 5


@pytest.mark.parametrize("weight", [1e300, 1e160, 1e-300, 5e-324])
def test_weights_whose_squares_cannot_be_told_are_refused(table, weight):
    with pytest.raises(DataError, match=r"weight must be 0, or from 1e-25 to 1e.25: multiply all"):
        count(table.assign(weight=weight), REPAID, "score", weight="weight")


@pytest.mark.parametrize("unit", [1e-24, 1e-3, 1e20])
def test_the_unit_of_weights_does_not_matter(table, unit):
    found = [
        slices(count(table.assign(weight=table["weight"] * by), REPAID, "score", ["town"], weight="weight"))
        for by in (1, unit)
    ]
    pd.testing.assert_frame_equal(*found, rtol=1e-9)


def test_a_weight_that_outweighs_all_others_raises_no_warning(table):
    weight = np.where(table.index == 0, 1e25, 1e-25)
    found = slices(count(table.assign(weight=weight), REPAID, "score", weight="weight")).iloc[0]
    assert round(found["n"], 6) == 1


def test_crosses_may_be_chosen(table):
    chosen = slices(count(table, REPAID, "score", COLUMNS, crosses=[("town", "sex"), ["sex", "town", "new"]]))
    every = slices(count(table, REPAID, "score", COLUMNS, crosses=3))
    left_out = every["new"].notna() & (every[COLUMNS].notna().sum(axis=1) == 2)
    pd.testing.assert_frame_equal(chosen, every[~left_out].reset_index(drop=True))
    for wrong in ([("sex",)], [("sex", "sex")], [("sex", "twon")], ["sex"], [tuple("abcd")]):
        with pytest.raises(InvalidParameter, match="crosses must be 1 to 3, or of each cross the names"):
            count(table, REPAID, "score", COLUMNS, crosses=wrong)

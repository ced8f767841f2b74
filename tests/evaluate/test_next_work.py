import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import count, next_work, prioritised

REPAID = Task("binary", "repaid", ("no", "yes"))
PRICE = Task("regression", "price")


def scored(n=2_000, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    table = pd.DataFrame({"town": rng.choice(list("abc"), n, p=[0.6, 0.3, 0.1]), "new": rng.random(n) < 0.5})
    right = rng.random(n) < table["town"].map({"a": 0.9, "b": 0.7, "c": 0.6})
    table["repaid"] = np.where(label == 1, "yes", "no")
    table["score"] = np.where(right == (label == 1), 0.8, 0.2)
    table["older"] = np.where(rng.random(n) < 0.8, label, 1 - label).astype(float)
    table["weight"] = rng.uniform(0.1, 2, n)
    return table


@pytest.mark.parametrize("weight", ["", "weight"])
def test_closing_a_gap_moves_the_whole_by_its_gain(weight):
    table = scored()
    found = next_work(count(table, REPAID, "score", ["town", "new"], weight=weight), reference=0.95)
    right = ((table["score"] >= 0.5) == (table["repaid"] == "yes")).to_numpy(float)
    weights = table["weight"] if weight else np.ones(len(table))
    before = np.average(right, weights=weights)
    towns = found[found["category"].str.startswith("town")]
    for _, row in towns.iterrows():
        here = table["town"] == row["category"].removeprefix("town ")
        mended = np.where(here, 0.95, right)
        assert row["gain"] == pytest.approx(np.average(mended, weights=weights) - before, abs=1e-12)
        assert row["rows"] == here.sum() and row["value_low"] < row["value"] < row["value_high"]
    assert towns["gain"].sum() == pytest.approx(0.95 - before, abs=1e-12)
    assert found["gain"].is_monotonic_decreasing
    assert found[["ease", "importance"]].isna().all(axis=None)


def test_every_kind_of_reference():
    table = scored()
    counts = count(table, REPAID, "score", ["town"])
    right = (table["score"] >= 0.5) == (table["repaid"] == "yes")
    overall = next_work(counts).set_index("category")
    assert overall["reference"].unique() == pytest.approx([right.mean()])
    assert overall.loc["town a", "gap"] < 0 and overall.loc["town a", "gain"] == 0
    older = (table["older"] >= 0.5) == (table["repaid"] == "yes")
    found = next_work(counts, reference=count(table, REPAID, "older", ["town"])).set_index("category")
    for town, value in older.groupby(table["town"]).mean().items():
        assert found.loc[f"town {town}", "reference"] == pytest.approx(value)
    told = next_work(counts, reference={"town a": 0.99, "": 0.9}).set_index("category")["reference"]
    assert told.to_dict() == {"town a": 0.99, "town b": 0.9, "town c": 0.9}
    partly = next_work(counts, reference={"town a": 0.99})
    assert partly["category"].tolist()[0] == "town a" and partly["gain"].isna().sum() == 2


def test_of_losses_and_errors_less_is_better():
    table = scored()
    counts = count(table, REPAID, "score", ["town"])
    found = next_work(counts, "brier", 0.0)
    assert (found["gap"] == found["value"]).all() and (found["gain"] > 0).all()
    table["price"], table["guess"] = np.arange(2_000.0), np.arange(2_000.0) + (table["town"] == "a")
    found = next_work(count(table, PRICE, "guess", ["town"])).set_index("category")
    share = (table["town"] == "a").mean()
    assert found.loc["town a", "gap"] == pytest.approx(1 - share)
    assert found.loc["town a", "gain"] == pytest.approx(share * (1 - share))


def test_losses_of_crosses_are_known_too():
    table = scored()
    found = next_work(count(table, REPAID, "score", ["town", "new"], crosses=2), "brier", 0.0)
    missed = np.square((table["repaid"] == "yes") - table["score"])
    by_cross = missed.groupby([table["town"], table["new"]]).mean()
    crossed = found[found["category"].str.contains(", ")].set_index("category")["value"]
    assert len(crossed) == 6
    for (town, new), value in by_cross.items():
        assert crossed[f"town {town}, new {new}"] == pytest.approx(value, abs=0.01)


def test_small_slices_are_left_out():
    table = scored().assign(town=np.r_[["x"] * 9, ["y"] * 1_991])
    assert next_work(count(table, REPAID, "score", ["town"]))["category"].tolist() == ["town y"]


def test_what_somebody_filled_in_sorts_the_table():
    table = next_work(count(scored(), REPAID, "score", ["town"]), reference=0.95)
    assert prioritised(table)["priority"].tolist() == table["gain"].tolist()
    filled = table.assign(ease=[1, np.nan, 4], importance=[1, 2, 5])
    found = prioritised(filled).set_index("category")["priority"]
    gain = table.set_index("category")["gain"]
    first, second, third = table["category"]
    # An empty cell counts as the middle of its column.
    assert found.to_dict() == pytest.approx(
        {first: gain[first], second: gain[second] * 2.5 * 2, third: gain[third] * 20}
    )
    assert prioritised(filled)["priority"].is_monotonic_decreasing


def test_what_does_not_fit_is_refused():
    table = scored()
    counts = count(table, REPAID, "score", ["town"])
    with pytest.raises(
        InvalidParameter, match="measure must be one of accuracy, log_loss, brier of a binary"
    ):
        next_work(counts, "auc")
    with pytest.raises(DataError, match="which was not counted: did you mean 'town a'"):
        next_work(counts, reference={"twn a": 0.9})
    with pytest.raises(DataError, match="must be finite"):
        next_work(counts, reference=np.nan)
    with pytest.raises(DataError, match="must be finite and a share from 0 to 1, got 98"):
        next_work(counts, reference=98)
    with pytest.raises(DataError, match="must be finite and >= 0, got -1"):
        next_work(counts, "log_loss", reference=-1)
    with pytest.raises(DataError, match="no rows of 'town c'"):
        next_work(counts, reference=count(table[table["town"] != "c"], REPAID, "older", ["town"]))
    with pytest.raises(DataError, match="counts of the same task"):
        next_work(counts, reference=count(table, Task("regression", "older"), "score", ["town"]))
    done = next_work(counts)
    for ease in (0, -1, "easy", np.inf):
        with pytest.raises(DataError, match="ease must hold numbers > 0, or nothing, got"):
            prioritised(done.assign(ease=pd.Series([ease, 1, 1], dtype=object)))
    with pytest.raises(DataError, match="lacks the column 'importance'"):
        prioritised(done.drop(columns="importance"))

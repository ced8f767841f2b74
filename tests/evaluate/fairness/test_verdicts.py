import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import Margins, count, detail, parity, verdicts

REPAID = Task("binary", "repaid", ("no", "yes"))


def scored(n=3_000, seed=0):
    """Women of town a are chosen less often, so that all of the gap between the sexes arises there."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"sex": rng.choice(["Female", "Male"], n), "town": rng.choice(list("abc"), n)})
    unlucky = (table["sex"] == "Female") & (table["town"] == "a")
    table["repaid"] = rng.choice(["no", "yes"], n)
    table["score"] = (rng.random(n) < np.where(unlucky, 0.3, 0.6)) * 0.5 + rng.random(n) * 0.45
    return table


def judged(counts, margins=None):
    table = verdicts(counts, parity(counts), *([margins] if margins else []))
    return table[table["column"] == "sex"].set_index("notion")


def test_a_verdict_follows_from_where_the_interval_lies():
    counts = count(scored(), REPAID, "score", ["sex"])
    row = judged(counts).loc["demographic parity"]
    low, high = row["difference_low"], row["difference_high"]
    middle, nearby = (low + high) / 2, 1e-6
    for margin, expected in (
        (high, "within"),
        (high - nearby, "undecided"),
        (middle, "undecided"),
        (low, "beyond"),
    ):
        found = judged(counts, Margins(difference=margin)).loc["demographic parity"]
        assert (found["verdict"], found["judged"], found["margin"]) == (expected, "difference", margin)
    impact = judged(counts).loc["disparate impact"]
    for ratio, expected in (
        (impact["ratio_low"], "within"),
        (impact["ratio"], "undecided"),
        (impact["ratio_high"], "beyond"),
    ):
        found = judged(counts, Margins(ratio=ratio)).loc["disparate impact"]
        assert (found["verdict"], found["judged"], found["margin"]) == (expected, "ratio", ratio)


@pytest.mark.parametrize("notion", ["demographic parity", "disparate impact", "equalized odds"])
def test_so_many_rows_decide(notion):
    """The same rows again and again: the figures stay, and the interval narrows to the margin."""
    table = scored(600)
    counts = count(table, REPAID, "score", ["sex"])
    open_rows = judged(counts)
    # Two thirds of the way from the figure to the upper end: few times the rows decide.
    row = open_rows.loc[notion]
    end = "ratio" if notion == "disparate impact" else "difference"
    margin = float(row[end] + (row[f"{end}_high"] - row[end]) * 2 / 3)
    margins = Margins(ratio=margin) if end == "ratio" else Margins(difference=margin)
    row = judged(counts, margins).loc[notion]
    assert row["verdict"] == "undecided" and row["rows"] == 600 and row["rows_needed"] > 600
    for more, expected in ((1, "undecided"), (int(np.ceil(row["rows_needed"] / 600)), None)):
        again = pd.concat([table] * more)
        found = judged(count(again, REPAID, "score", ["sex"]), margins).loc[notion]
        assert found["rows"] == len(again)
        assert (found["verdict"] == "undecided") is (expected == "undecided")


def test_a_gap_that_equals_its_margin_stays_open_whatever_the_rows():
    counts = count(scored(600), REPAID, "score", ["sex"])
    gap = judged(counts).loc["demographic parity", "difference"]
    row = judged(counts, Margins(difference=gap)).loc["demographic parity"]
    assert row["verdict"] == "undecided" and row["rows_needed"] == np.inf


def test_detail_looks_at_every_tenth_and_finds_the_slice_that_carries_the_gap():
    table = scored(2_000)
    counts = count(table, REPAID, "score", ["sex", "town"], crosses=2)
    gap = judged(counts).loc["demographic parity", "difference"]
    margins, found = Margins(difference=gap), parity(counts, ["sex"])
    thresholds, inside = detail(counts, found, margins)
    of = thresholds[thresholds["notion"] == "demographic parity"]
    assert of["threshold"].tolist() == pytest.approx(np.arange(1, 10) / 10)
    for _, row in of.iterrows():
        rate = (table["score"] >= row["threshold"]).groupby(table["sex"]).mean()
        assert row["difference"] == pytest.approx(rate.max() - rate.min(), abs=1e-12)
    towns = inside[inside["notion"] == "demographic parity"]
    assert towns["slice"].iloc[0] == "town a" and len(towns) == 3
    chosen = table.assign(chosen=table["score"] >= 0.5)
    rates = chosen.groupby(["town", "sex"])["chosen"].mean().unstack()
    for _, row in towns.iterrows():
        town = row["slice"].removeprefix("town ")
        assert row["difference"] == pytest.approx(
            rates.loc[town, "Male"] - rates.loc[town, "Female"], abs=1e-12
        )
        assert row["difference_low"] < row["difference"] < row["difference_high"]
        assert row["carried"] == pytest.approx(row["share"] * row["difference"])
    assert towns["difference_low"].iloc[0] > 0 and (towns["difference_low"].iloc[1:] < 0).all()
    # Kitagawa: what the slices carry and what the groups' mix of them does is the whole gap.
    mix = pd.crosstab(table["town"], table["sex"], normalize="columns")
    rest = (rates.mean(axis=1) * (mix["Male"] - mix["Female"])).sum()
    assert towns["carried"].sum() + rest == pytest.approx(gap, abs=1e-12)


def test_what_is_decided_needs_no_detail_and_without_crosses_there_are_no_slices():
    counts = count(scored(), REPAID, "score", ["sex"])
    decided = detail(counts, parity(counts), Margins(difference=1.0, ratio=0.01))
    assert decided.thresholds.empty and decided.slices.empty
    table = parity(counts)
    found = detail(counts, table, Margins(difference=float(table["difference"].iloc[0])))
    assert len(found.thresholds) >= 9 and found.slices.empty


def test_errors_are_judged_in_the_targets_unit_and_only_where_one_is_given():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"sex": rng.choice(["F", "M"], 1_000), "price": rng.normal(size=1_000)})
    table["guess"] = table["price"] + rng.normal(0, 1, 1_000) + (table["sex"] == "F")
    counts = count(table, Task("regression", "price"), "guess", ["sex"])
    found = verdicts(counts, parity(counts)).set_index("measure")
    assert found.loc["mean_error", "verdict"] == "unknown"
    assert found.loc["mae", "judged"] == "ratio" and found.loc["mae", "margin"] == 0.8
    strict = verdicts(counts, parity(counts), Margins(error=0.5)).set_index("measure")
    lax = verdicts(counts, parity(counts), Margins(error=1.5)).set_index("measure")
    assert (strict.loc["mean_error", "verdict"], lax.loc["mean_error", "verdict"]) == ("beyond", "within")


def test_one_group_has_no_verdict():
    counts = count(scored(100).assign(sex="Female"), REPAID, "score", ["sex"])
    assert set(judged(counts)["verdict"]) == {"unknown"}


def test_bad_margins_and_foreign_tables_are_refused():
    counts = count(scored(), REPAID, "score", ["sex"])
    table = parity(counts)
    for margins, message in (
        (Margins(difference=0), "margins.difference must be > 0"),
        (Margins(ratio=1), "margins.ratio must be strictly between 0 and 1"),
        (Margins(error=-1), "margins.error must be > 0"),
    ):
        with pytest.raises(InvalidParameter, match=message):
            verdicts(counts, table, margins)
        with pytest.raises(InvalidParameter, match=message):
            detail(counts, table, margins)
    with pytest.raises(DataError, match="is not of these counts"):
        verdicts(counts, table.assign(notion="luck"))
    with pytest.raises(DataError, match="the table lacks the column 'column': pass one that `parity` made"):
        verdicts(counts, pd.DataFrame({"gap": [1.0]}))
    elsewhere = parity(count(scored(), REPAID, "score", ["sex"], thresholds=(0.33,)))
    with pytest.raises(InvalidParameter, match="thresholds must be tenths or of those that were counted"):
        verdicts(counts, elsewhere)

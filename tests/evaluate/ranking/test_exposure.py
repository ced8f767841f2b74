import numpy as np
import pandas as pd
import pytest

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import exposure

NAMES = ("query", "gain", "score", "shop")


def shown(queries, seed=0, favour=0.0, sizes=(3, 12)):
    """Items of two shops, one of them half as common; `favour` lifts its scores."""
    rng = np.random.default_rng(seed)
    query = np.repeat(np.arange(queries), rng.integers(*sizes, queries))
    table = pd.DataFrame({"query": query, "shop": rng.choice(["big", "small"], len(query), p=[0.7, 0.3])})
    table["gain"] = rng.choice([0, 1, 2], len(query))
    table["score"] = np.round(
        table["gain"] + rng.normal(size=len(query)) + favour * (table["shop"] == "small"), 1
    )
    return table


def plainly(table, k=10**9):
    """Shares of exposure, tied items having the mean of their places' worth."""
    worth = np.zeros(len(table))
    for _, one in table.reset_index(drop=True).groupby("query"):
        places = one["score"].rank(method="first", ascending=False)
        value = (1 / np.log2(1 + places)).where(places <= k, 0)
        worth[one.index] = value.groupby(one["score"]).transform("mean")
    return pd.Series(worth).groupby(table["shop"].to_numpy()).sum() / worth.sum()


@pytest.mark.parametrize("k", [None, 1, 4])
def test_shares_are_those_of_the_places(k):
    table = shown(200)
    found = exposure(table, *NAMES, k=k).set_index("shop")
    expected = plainly(table, k or 10**9)
    for shop, rows in table.groupby("shop"):
        assert found.loc[shop, "items"] == len(rows)
        assert found.loc[shop, "share"] == pytest.approx(len(rows) / len(table), abs=1e-12)
        assert found.loc[shop, "relevance"] == pytest.approx(
            rows["gain"].sum() / table["gain"].sum(), abs=1e-12
        )
        assert found.loc[shop, "exposure"] == pytest.approx(expected[shop], abs=1e-12)
    assert np.allclose(found["gap"], found["exposure"] - found["share"])
    assert np.allclose(found["gap_to_relevance"], found["exposure"] - found["relevance"])
    assert found["gap"].is_monotonic_increasing and found["gap"].sum() == pytest.approx(0, abs=1e-12)


def test_a_favoured_shop_is_found_and_an_even_order_accused_of_nothing():
    found = exposure(shown(500, favour=1.0), *NAMES).set_index("shop")
    assert found.loc["small", "gap_low"] > 0.01 and found.loc["big", "gap_high"] < -0.01
    assert found.loc["small", "gap_to_relevance_low"] > 0.01
    accused = sum((exposure(shown(200, seed), *NAMES)["gap_low"] > 0).any() for seed in range(100))
    # Each shop's interval errs upwards once in forty.
    assert accused <= 10


def test_the_interval_is_as_wide_as_that_of_a_bootstrap_over_queries():
    table = shown(400, favour=0.3)
    found = exposure(table, *NAMES).set_index("shop")
    parts = {name: one for name, one in table.groupby("query")}
    rng, gaps = np.random.default_rng(0), {"share": [], "relevance": []}
    worth = np.zeros(len(table))
    for _, one in table.groupby("query"):
        places = one["score"].rank(method="first", ascending=False)
        worth[one.index] = (1 / np.log2(1 + places)).groupby(one["score"]).transform("mean")
    small = (table["shop"] == "small").to_numpy()
    amounts = {"exposure": worth, "share": np.ones(len(table)), "relevance": table["gain"].to_numpy()}
    codes = table["query"].to_numpy()
    sums = {
        name: (np.bincount(codes, amount * small), np.bincount(codes, amount))
        for name, amount in amounts.items()
    }
    for _ in range(1_000):
        drawn = rng.multinomial(len(parts), np.full(len(parts), 1 / len(parts)))
        share = {name: (drawn @ of) / (drawn @ all_of) for name, (of, all_of) in sums.items()}
        for name, kept in gaps.items():
            kept.append(share["exposure"] - share[name])
    for name, column in (("share", "gap"), ("relevance", "gap_to_relevance")):
        low, high = np.quantile(gaps[name], [0.025, 0.975])
        ours = found.loc["small", [f"{column}_low", f"{column}_high"]]
        assert list(ours) == pytest.approx([low, high], abs=0.15 * (high - low))


def test_missing_shops_are_one_group_and_nothing_relevant_has_no_share():
    table = shown(50)
    table.loc[:9, "shop"] = None
    table.loc[10:14, "shop"] = "missing"
    found = exposure(table.assign(gain=0), *NAMES).set_index("shop")
    assert found.loc["missing", "items"] == 15 and found["items"].sum() == len(table)
    assert found[["relevance", "gap_to_relevance", "gap_to_relevance_low"]].isna().all(axis=None)
    assert found["gap"].notna().all()


def test_one_query_has_no_interval_and_bad_input_is_refused():
    table = shown(1)
    found = exposure(table, *NAMES)
    assert found["gap"].notna().all() and found["gap_low"].isna().all()
    with pytest.raises(InvalidParameter, match="k must be a whole number >= 1, got 0"):
        exposure(table, *NAMES, k=0)
    with pytest.raises(DataError, match="column 'share' is called as a figure is"):
        exposure(table.assign(share="x"), "query", "gain", "score", "share")
    with pytest.raises(DataError, match="no column 'shpo'"):
        exposure(table, "query", "gain", "score", "shpo")

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import ranking
from mlflow_prod.stats import mean

NAMES = ("query", "gain", "score")


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 6_000
    found = pd.DataFrame({"query": rng.integers(0, 300, n), "gain": rng.choice([0, 0, 0, 1, 2, 3], n)})
    # One decimal: many ties.
    found["score"] = np.round(found["gain"] + rng.normal(0, 2, n), 1)
    found["country"] = np.array(["be", "fr", "nl"])[found["query"] % 3]
    found["old"] = found["query"] % 2 == 0
    return found.assign(weight=1.0 + found["query"] % 4)


def of_queries(rows, k):
    """NDCG and average precision after scikit-learn of each query with something relevant."""
    found = {}
    for query, one in rows.groupby("query"):
        if one["gain"].max() > 0:
            precision = metrics.average_precision_score(one["gain"] > 0, one["score"])
            found[query] = metrics.ndcg_score([one["gain"]], [one["score"]], k=k), precision
    return pd.DataFrame(found, index=["ndcg", "map"]).T


def test_every_slice_has_scikit_learns_means_over_queries(table):
    found = ranking(table, *NAMES, ["country", "old"], k=5, crosses=2)
    everything = ranking(table, *NAMES, ["country", "old"], k=10_000, crosses=2)
    assert len(found) == 1 + 3 + 2 + 6
    theirs = of_queries(table, 5)
    for (_, row), (_, whole) in zip(found.iterrows(), everything.iterrows(), strict=True):
        there = [table[name].map(str) == row[name] for name in ("country", "old") if pd.notna(row[name])]
        rows = table[np.logical_and.reduce(there)] if there else table
        gains, precisions = (theirs[name][theirs.index.isin(rows["query"])] for name in ("ndcg", "map"))
        assert row["queries"] == rows["query"].nunique() and row["n"] == len(gains)
        assert list(row[["ndcg_at_5", "ndcg_at_5_low", "ndcg_at_5_high"]]) == pytest.approx(
            mean(gains), abs=1e-12
        )
        assert whole["map_at_10000"] == pytest.approx(precisions.mean(), abs=1e-12)


def test_weights_are_those_of_queries(table):
    row = ranking(table, *NAMES, k=5, weight="weight").iloc[0]
    weights = table.drop_duplicates("query").set_index("query")["weight"]
    theirs = of_queries(table, 5)["ndcg"]
    expected = mean(theirs.to_numpy(), weights[theirs.index].to_numpy())
    assert list(row[["ndcg_at_5", "ndcg_at_5_low", "ndcg_at_5_high"]]) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 1.0, 2.0])), min_size=1, max_size=6),
    st.integers(1, 7),
)
def test_tied_items_count_with_the_mean_over_their_orders(items, k):
    one = pd.DataFrame(items, columns=["gain", "score"]).assign(query="q")
    row = ranking(one, *NAMES, k=k).iloc[0]
    if not one["gain"].any():
        assert row["n"] == 0 and np.isnan(row[f"ndcg_at_{k}"]) and np.isnan(row[f"mrr_at_{k}"])
        return
    orders = [
        order
        for order in itertools.permutations(range(len(one)))
        if all(one["score"][a] >= one["score"][b] for a, b in itertools.pairwise(order))
    ]
    gains = [[one["gain"][at] for at in order[:k]] for order in orders]
    ideal = sum(gain / np.log2(place + 2) for place, gain in enumerate(sorted(one["gain"])[::-1][:k]))
    ndcg = [sum(gain / np.log2(place + 2) for place, gain in enumerate(order)) / ideal for order in gains]
    first = [next((1 / (place + 1) for place, gain in enumerate(order) if gain), 0) for order in gains]
    assert row[f"ndcg_at_{k}"] == pytest.approx(np.mean(ndcg), abs=1e-12)
    assert row[f"mrr_at_{k}"] == pytest.approx(np.mean(first), abs=1e-12)
    if one["score"].is_unique:
        (order,) = gains
        at = [sum(map(bool, order[: place + 1])) / (place + 1) for place, gain in enumerate(order) if gain]
        assert row[f"map_at_{k}"] == pytest.approx(sum(at) / min(k, (one["gain"] > 0).sum()), abs=1e-12)


def test_the_order_of_rows_and_where_they_are_read_from_do_not_matter(table, tmp_path):
    expected = ranking(table, *NAMES, ["country"])
    shuffled = table.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(ranking(shuffled, *NAMES, ["country"]), expected, rtol=1e-12)
    file = tmp_path / "shown.parquet"
    texts = shuffled.assign(query="q" + shuffled["query"].astype(str))
    pq.write_table(pa.Table.from_pandas(texts), file, row_group_size=500)
    pd.testing.assert_frame_equal(ranking(file, *NAMES, ["country"]), expected, rtol=1e-12)


def test_the_interval_holds_the_mean_of_all_queries():
    rng = np.random.default_rng(0)
    queries, items = 40_000, 8
    gain = (rng.random(queries * items) < 0.3).astype(int)
    rows = pd.DataFrame({"query": np.repeat(np.arange(queries), items), "gain": gain})
    # Items of one query hang together: some queries are hard.
    hard = np.repeat(rng.uniform(0, 3, queries), items)
    rows["score"] = gain + hard * rng.normal(size=len(rows))
    truth = ranking(rows, *NAMES, k=5).iloc[0]
    rows["sample"] = rows["query"] // 100
    found = ranking(rows, *NAMES, ["sample"], k=5).iloc[1:]
    for name in ("ndcg_at_5", "map_at_5", "mrr_at_5"):
        held = found[f"{name}_low"].le(truth[name]) & found[f"{name}_high"].ge(truth[name])
        assert len(held) == 400 and 0.92 <= held.mean() <= 0.98, name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": np.nan}, "'score' must hold finite numbers, not so in row 0"),
        ({"gain": -1}, "'gain' must hold gains >= 0, got -1"),
        ({"score": "high"}, "'score' must hold numbers, got"),
        ({"query": None}, "'query' must tell the query of each row, 6000 of 6000 have none"),
        ({"country": np.arange(6_000)}, "'country' must have one value for each query"),
        ({"weight": -1.0}, "'weight' must hold weights >= 0, one of them > 0, got -1 at least"),
        ({"weight": 0.0}, "'weight' must hold weights >= 0, one of them > 0, got 0 at least"),
        ({"weight": np.arange(6_000.0)}, "'weight' must have one value for each query"),
        ({"weight": 1e300}, "weight must be 0, or from 1e-25 to 1e.25"),
        ({"gain": 1e308}, "'gain' must hold gains of at most 1e.50, of which only the ratio counts"),
        ({"country": [["a"]] * 6_000}, "'country' must hold plain values"),
    ],
)
def test_bad_rows_are_refused(table, change, message):
    with pytest.raises(DataError, match=message):
        ranking(table.assign(**change), *NAMES, ["country"], weight="weight")


def test_bad_parameters_are_refused(table):
    with pytest.raises(InvalidParameter, match="k must be a whole number >= 1, got 0"):
        ranking(table, *NAMES, k=0)
    with pytest.raises(InvalidParameter, match="crosses must be 1 or 2, got 3"):
        ranking(table, *NAMES, crosses=3)
    with pytest.raises(InvalidParameter, match="columns must be named once each"):
        ranking(table, *NAMES, ["country", "country"])
    with pytest.raises(DataError, match="no column 'qery'"):
        ranking(table, "qery", "gain", "score")
    with pytest.raises(DataError, match="has no rows"):
        ranking(table[:0], *NAMES)
    with pytest.raises(DataError, match="column 'n' is called as a figure is"):
        ranking(table.assign(n=1), *NAMES, ["n"])

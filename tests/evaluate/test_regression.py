import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import count, slices
from mlflow_prod.stats import mean

PRICE = Task("regression", "price")
QUANTILES = (0.1, 0.5, 0.9)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "town": rng.choice(list("ab"), 3_000),
            "new": rng.choice(list("xyz"), 3_000),
            "price": rng.normal(1e6, 5, 3_000),
            "weight": rng.uniform(0.1, 2, 3_000),
        }
    )
    return table.assign(guess=table["price"] + rng.normal(0.3, 1, 3_000))


@pytest.mark.parametrize("weight", ["", "weight"])
def test_figures_and_intervals_are_those_of_the_rows_in_every_cross(table, weight):
    counts = count(table, PRICE, "guess", ["town", "new"], weight=weight, crosses=2)
    found = slices(counts, QUANTILES)
    assert len(found) == 1 + 2 + 3 + 6
    for _, row in found.iterrows():
        there = [table[name] == row[name] for name in ("town", "new") if pd.notna(row[name])]
        rows = table[np.logical_and.reduce(there)] if there else table
        known = {"sample_weight": rows["weight"] if weight else None}
        price, guess = rows["price"], rows["guess"]
        assert row["r2"] == pytest.approx(metrics.r2_score(price, guess, **known), abs=1e-9)
        assert row["rmse"] == pytest.approx(metrics.root_mean_squared_error(price, guess, **known))
        error = (guess - price).to_numpy()
        costs = {"mae": np.abs(error), "mape": np.abs(error / price.to_numpy()), "mean_error": error}
        for quantile in QUANTILES:
            costs[f"quantile_loss_at_{quantile}"] = np.maximum(-quantile * error, (1 - quantile) * error)
            loss = metrics.mean_pinball_loss(price, guess, alpha=quantile, **known)
            assert row[f"quantile_loss_at_{quantile}"] == pytest.approx(loss, abs=1e-12)
        for name, cost in costs.items():
            expected = mean(cost, known["sample_weight"])
            assert [row[name], row[f"{name}_low"], row[f"{name}_high"]] == pytest.approx(expected, rel=1e-9)


def test_a_target_of_0_has_no_relative_error(table):
    zero = table.assign(price=table["price"].where(table.index != 7, 0.0))
    found = slices(count(zero, PRICE, "guess", ["town"])).set_index("town")
    with_it, without = ("a", "b") if table["town"][7] == "a" else ("b", "a")
    assert found.loc[with_it, ["mape", "mape_low", "mape_high"]].isna().all() and np.isnan(
        found["mape"].iloc[0]
    )
    assert found.loc[without, "mape"] > 0 and found.loc[with_it, "mae"] > 0
    tiny = table.assign(price=table["price"].where(table.index != 7, 1e-310))
    assert np.isnan(slices(count(tiny, PRICE, "guess"))["mape"][0])


def test_one_quantile_has_the_plain_name_and_one_outside_is_refused(table):
    counts = count(table, PRICE, "guess")
    assert "quantile_loss_low" in slices(counts, [0.9])
    assert not [name for name in slices(counts) if name.startswith("quantile")]
    for quantile in (0.0, 1.0, -1, float("nan")):
        with pytest.raises(InvalidParameter, match="quantile must be strictly between 0 and 1"):
            slices(counts, [quantile])

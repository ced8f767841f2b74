import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from mlflow_prod.data import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import Windows, count, over_time, slices

REPAID = Task("binary", "repaid", ("0", "1"))


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 5_000
    label = rng.integers(0, 2, n)
    return pd.DataFrame(
        {
            "at": pd.Timestamp("2023-11-20") + pd.to_timedelta(rng.uniform(0, 100, n), unit="D"),
            "row": rng.permutation(n),
            "sex": rng.choice(["Female", "Male"], n),
            "repaid": label,
            "score": 1 / (1 + np.exp(-(2 * label - 1 + rng.normal(size=n)))),
        }
    )


def test_each_window_has_the_figures_of_its_rows_in_the_order_of_time(table):
    found = over_time(count(table, REPAID, "score", [Windows("at", "1mo"), "sex"], crosses=2), "at")
    assert found["window"].tolist() == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert found["rows"].sum() == len(table) and "sex" not in found
    for _, row in found.iterrows():
        rows = table[table["at"].dt.strftime("%Y-%m") == row["window"]]
        right = (rows["score"] >= 0.5) == rows["repaid"]
        assert row["accuracy"] == pytest.approx(right.mean())
        assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
        assert (
            abs(row["auc"] - metrics.roc_auc_score(rows["repaid"], rows["score"])) <= row["auc_bound"] + 1e-12
        )


def test_windows_of_numbers_come_in_their_order_and_rows_without_a_time_last(table):
    late = table.assign(row=table["row"].where(table["row"] < 4_900))
    found = over_time(count(late, REPAID, "score", [Windows("row", 700)]))
    assert found["window"].tolist() == ["0", "700", "1400", "2100", "2800", "3500", "4200", "missing"]
    assert found["rows"].tolist() == [700] * 7 + [100]


def test_it_is_the_same_table_as_slices_has(table):
    counts = count(table, REPAID, "score", [Windows("at", "1w")])
    both = [slices(counts).iloc[1:].drop(columns="at"), over_time(counts).drop(columns="window")]
    pd.testing.assert_frame_equal(*(one.reset_index(drop=True) for one in both))


def test_bad_parameters_are_refused(table):
    counts = count(table, REPAID, "score", [Windows("at", "1mo"), "sex"])
    for column, hint in (("", "known: at, sex"), ("att", "did you mean 'at'")):
        with pytest.raises(InvalidParameter, match=f"column must be one that rows were cut by .*{hint}"):
            over_time(counts, column)
    with pytest.raises(InvalidParameter, match="column must be cut into at most 4,096 windows"):
        over_time(count(table, REPAID, "score", [Windows("row", 1)]))

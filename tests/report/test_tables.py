import pandas as pd
import pytest

from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evaluate import reliability, slices
from mlflow_prod.report import tables
from mlflow_prod.report.curves import gap_by_threshold, rates_by_threshold, reliable_slices
from tests.report import findings as made


def test_figures_are_columns_with_an_interval_the_usual_ones_first():
    table = pd.DataFrame(columns=["rows", "x", "x_low", "x_high", "auc", "auc_low", "auc_high", "auc_bound"])
    assert tables.figures_of(table) == ["auc", "x"]


def test_at_one_threshold_figures_lose_its_name():
    table = made.usual()[0]
    at = tables.at_threshold(table, 0.3)
    assert not any("_at_" in name for name in at)
    for end in tables.ENDS:
        assert at[f"precision{end}"].equals(table[f"precision_at_0.3{end}"])
    assert at["auc"].equals(table["auc"])
    assert tables.at_threshold(at, 0.7) is at
    with pytest.raises(InvalidParameter, match="threshold must be one of"):
        tables.at_threshold(table, 0.25)


def test_slices_are_called_by_what_they_are_cut_by():
    table = made.usual()[0]
    names = tables.names_of(table)
    assert names[0] == "all rows" and "sex Male, town town 3" in names and len(set(names)) == len(table)
    assert tables.cut_by(table) == ["sex", "town"]
    assert tables.names_of(tables.of_column(table, "sex")) == ["sex Female", "sex Male"]
    assert tables.names_of(table[["rows"]].head(1)) == ["all rows"]


def test_curves_hold_the_rates_of_each_group():
    table = made.usual()[0]
    curves = rates_by_threshold(table, "sex", "positive_rate")
    assert [curve.name for curve in curves] == ["Female", "Male"]
    row = tables.of_column(table, "sex").set_index("sex").loc["Female"]
    assert curves[0].low[2] == row["positive_rate_at_0.3_low"] and list(curves[0].x) == list(made.TENTHS)
    assert rates_by_threshold(table, "age", "positive_rate") == []
    assert rates_by_threshold(tables.at_threshold(table, 0.5), "sex", "positive_rate") == []


def test_of_many_groups_the_largest_are_drawn_in_their_order():
    counts = made.counted(made.rows(towns=9), ["town"])
    sizes = tables.of_column(slices(counts), "town").set_index("town")["rows"]
    largest = sorted(sizes.nlargest(6).index)
    rates = rates_by_threshold(slices(counts), "town", "precision")
    assert [curve.name for curve in rates] == largest
    reliable = reliable_slices(reliability(counts, ["town"]), "town")
    assert reliable == [f"town {name}" for name in largest]


def test_groups_of_few_rows_are_not_drawn():
    table = made.usual()[0].copy()
    table.loc[table["sex"].eq("Male") & table["town"].isna(), "rows"] = 9
    assert [curve.name for curve in rates_by_threshold(table, "sex", "positive_rate")] == ["Female"]


def test_a_gap_at_one_threshold_is_no_curve():
    parity = made.parity()
    gap = gap_by_threshold(parity.sample(frac=1, random_state=0), "sex", "equal opportunity")
    assert gap is not None and list(gap.x) == list(made.TENTHS) and set(gap.high) == {0.18}
    assert gap_by_threshold(parity[parity["threshold"] == 0.5], "sex", "equal opportunity") is None
    assert gap_by_threshold(parity, "town", "equal opportunity") is None

import functools
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate import count, slices
from mlflow_prod.profile.spark import ROWS, summed

# Asked of pandas, which the counting has no need of.
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
REPAID = Task("binary", "repaid", ("no", "yes"))
COLUMNS = ("sex", "town", "new.or old")


@pytest.fixture(scope="module")
def table():
    """Rows of which the last tenth alone has town z, and 4,500 ids or so: more than are told apart."""
    rng = np.random.default_rng(0)
    n = 12_000
    label = rng.integers(0, 2, n)
    town = np.where(np.arange(n) < 0.9 * n, rng.choice(list("abc"), n), "z")
    return pd.DataFrame(
        {
            "sex": rng.choice(["Female", "Male", None], n, p=[0.5, 0.4, 0.1]),
            "town": town,
            "new.or old": rng.choice([True, False], n),
            "id": rng.integers(0, 5_000, n),
            "repaid": np.where(label == 1, "yes", "no"),
            "score": 1 / (1 + np.exp(-(2 * label - 1 + rng.normal(size=n)))),
            "weight": rng.uniform(0, 2, n),
            "price": rng.normal(1e6, 5, n),
            "guess": rng.normal(1e6, 5, n),
        }
    )


def framed(spark, table, partitions):
    """In order: each partition holds rows that follow each other."""
    frame = spark.createDataFrame(pa.Table.from_pandas(table, preserve_index=False))
    # Some of seven stay empty, as there are five towns or fewer.
    return frame.coalesce(1) if partitions == 1 else frame.repartitionByRange(partitions, "town")


@pytest.mark.parametrize("partitions", [1, 7])
@pytest.mark.parametrize(
    ("task", "score", "weight"),
    [
        (REPAID, "score", ""),
        (REPAID, "score", "weight"),
        (Task("regression", "price"), "guess", "weight"),
        (Task("multiclass", "repaid", ("no", "yes")), ("score", "rest"), ""),
    ],
)
def test_a_spark_table_gives_the_counts_of_the_same_rows_here(spark, table, task, score, weight, partitions):
    table = table.assign(rest=1 - table["score"])
    asked = functools.partial(count, task=task, score=score, columns=COLUMNS, weight=weight, crosses=2)
    here, there = asked(table), asked(framed(spark, table, partitions))
    assert here.slices.cuts == there.slices.cuts
    assert np.array_equal(here.slices.rows, there.slices.rows)
    for name in ("mass", "squares"):
        assert np.allclose(getattr(here.slices, name), getattr(there.slices, name), rtol=1e-12, atol=0)
    if partitions == 1:
        # One order, one centre: the same sums but for how many rows were added up at a time.
        assert here.counting == there.counting
        assert np.allclose(here.slices.sums, there.slices.sums, rtol=1e-12, atol=1e-9, equal_nan=True)
    if task.kind != "multiclass":
        pd.testing.assert_frame_equal(slices(here), slices(there), rtol=1e-9)


def test_partitions_may_be_empty_but_not_all_of_them(spark, table):
    few = framed(spark, table[:20], 1).repartition(7, "sex").filter("town <> 'b'")
    sizes = few.select("town").mapInArrow(lambda batches: map(_size, batches), "n long").collect()
    there = count(few, REPAID, "score", ["town", "sex"])
    here = count(table[:20].query("town != 'b'"), REPAID, "score", ["town", "sex"])
    assert len([size for size in sizes if size["n"]]) < 7
    assert np.array_equal(here.slices.rows, there.slices.rows) and here.slices.cuts == there.slices.cuts
    for task, score in ((REPAID, "score"), (Task("regression", "price"), "guess")):
        with pytest.raises(DataError, match="has no rows: give at least one"):
            count(few.filter("false"), task, score, ["town"])


def _size(batch):
    return pa.record_batch({"n": [batch.num_rows]})


def test_a_column_of_too_many_values_is_left_out_though_no_partition_has_so_many(spark, table):
    asked = functools.partial(count, task=REPAID, score="score", columns=["id", "town"], crosses=2)
    here, there = asked(table), asked(framed(spark, table, 7))
    assert here.cells.left_out == there.cells.left_out == (("id",), ("id", "town"))
    assert here.slices.cuts == there.slices.cuts
    assert np.array_equal(here.slices.rows, there.slices.rows)


def test_weights_may_all_be_zero_in_a_partition_but_not_in_all(spark, table):
    light = table.assign(weight=table["weight"].where(table["town"] == "z", 0.0))
    there = count(framed(spark, light, 7), REPAID, "score", ["town"], weight="weight")
    assert slices(there)["rows"].tolist() == slices(count(light, REPAID, "score", ["town"]))["rows"].tolist()
    for source in (light.assign(weight=0.0), framed(spark, light.assign(weight=0.0), 7)):
        with pytest.raises(DataError, match="weight must be > 0 in at least one row"):
            count(source, REPAID, "score", ["town"], weight="weight")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": np.nan}, "^scores must be finite"),
        ({"repaid": "perhaps"}, "^target 'repaid' must hold the classes no, yes, got 'perhaps'"),
    ],
)
def test_bad_rows_of_a_partition_are_told_as_they_are_here(spark, table, change, message):
    bad = pd.concat([table[:300], table[-3:].assign(**change)])
    for source in (bad, framed(spark, bad, 7)):
        with pytest.raises(DataError, match=message):
            count(source, REPAID, "score", ["town"])


def test_columns_must_be_there_once(spark, table):
    frame = framed(spark, table, 1)
    with pytest.raises(DataError, match="no column 'twon': did you mean 'town'"):
        count(frame, REPAID, "score", ["twon"])
    with pytest.raises(DataError, match="several columns 'town'"):
        count(frame.selectExpr("*", "sex AS town"), REPAID, "score", ["town"])


class Tally:
    """The least that adds: how many rows there were, and in how many batches."""

    def __init__(self, rows, batches):
        self.rows, self.batches = rows, batches

    def __add__(self, other):
        return Tally(self.rows + other.rows, self.batches + other.batches)

    def to_bytes(self):
        return json.dumps([self.rows, self.batches]).encode()


def tally(batches):
    sizes = [batch.num_rows for batch in batches]
    return Tally(sum(sizes), len(sizes))


def test_any_summary_that_adds_is_summed_over_large_batches(spark):
    found = summed(spark.range(0, 3 * ROWS, 1, 2), ["id"], tally, lambda data: Tally(*json.loads(data)))
    # A partition of one and a half times ROWS is two batches.
    assert (found.rows, found.batches) == (3 * ROWS, 4)
    assert summed(spark.range(0), ["id"], tally, lambda data: Tally(*json.loads(data))) is None

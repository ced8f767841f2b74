import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlflow_prod.data.batches import ROWS, batches
from mlflow_prod.errors import DataError, InvalidParameter


@pytest.fixture
def table():
    n = ROWS + 10
    return pd.DataFrame({"town": ["a", "b"] * (n // 2), "score": np.arange(n) / n, "other": 1})


def test_a_table_comes_in_order_with_the_columns_that_are_asked_for(table):
    found = list(batches(table, ["score", "town"]))
    assert [len(batch) for batch in found] == [ROWS, 10]
    assert pa.Table.from_batches(found).to_pandas().equals(table[["score", "town"]])


def test_parquet_comes_in_order_file_by_file_its_texts_coded(table, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, start in enumerate(range(0, len(table), 60_000)):
        pq.write_table(pa.Table.from_pandas(table[start : start + 60_000]), folder / f"part-{number}.parquet")
    (folder / "_SUCCESS").touch()
    for source in (folder, str(folder)):
        found = list(batches(source, ["town", "score"], ["town"]))
        assert all(pa.types.is_dictionary(batch.column("town").type) for batch in found)
        joined = pd.concat([batch.to_pandas() for batch in found], ignore_index=True)
        assert joined["score"].equals(table["score"])
        assert joined["town"].astype(str).tolist() == table["town"].tolist()


def test_what_is_not_there_is_named(table, tmp_path):
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(b"PAR1 no more")
    for source, message in (
        (tmp_path / "nowhere.parquet", "cannot be read as a Parquet file or folder"),
        (damaged, "damaged.parquet cannot be read as Parquet"),
    ):
        with pytest.raises(DataError, match=message):
            list(batches(source, ["town"]))
    with pytest.raises(DataError, match="no column 'twon': did you mean 'town'"):
        list(batches(table, ["twon"]))


def parts(folder, columns):
    for number, column in enumerate(columns):
        pq.write_table(pa.table({"town": column}), folder / f"part-{number}.parquet")
    return folder


def test_files_of_a_folder_have_one_type_however_it_is_stored(tmp_path):
    texts = pa.array(["a", "b"])
    alike = [
        pa.nulls(2),
        texts,
        texts.dictionary_encode(),
        texts.cast(pa.large_string()),
        pa.array([None], pa.null()),
    ]
    for coded in ([], ["town"]):
        found = list(batches(parts(tmp_path, alike), ["town"], coded))
        values = [value for batch in found for value in batch.column("town").to_pylist()]
        assert values == [None, None, *["a", "b"] * 3, None]


@pytest.mark.parametrize(
    ("others", "message"),
    [
        (pa.array([1.0, None]), "part-2.parquet holds column 'town' as double, the files before it as int64"),
        (pa.array(["1"]), "part-2.parquet holds column 'town' as string, the files before it as int64"),
    ],
)
def test_files_that_differ_in_type_are_refused_by_name(tmp_path, others, message):
    for coded in ([], ["town"]):
        with pytest.raises(DataError, match=message):
            list(batches(parts(tmp_path, [pa.array([1]), pa.nulls(1), others]), ["town"], coded))


def test_a_file_of_a_folder_that_lacks_a_column_is_named(tmp_path):
    parts(tmp_path, [pa.array([1])])
    pq.write_table(pa.table({"twon": [1]}), tmp_path / "part-1.parquet")
    with pytest.raises(DataError, match=r"part-1\.parquet has no column 'town': did you mean 'twon'"):
        list(batches(tmp_path, ["town"]))


def test_columns_of_a_table_are_found_by_their_text():
    found = list(batches(pd.DataFrame({7: ["a"], "score": [0.5]}), ["score", "7"]))
    assert found[0].to_pydict() == {"score": [0.5], "7": ["a"]}


def test_bands_and_periods_of_pandas_come_as_their_texts():
    days = pd.period_range("2024-01-01", periods=3, freq="D")
    table = pd.DataFrame({"band": pd.cut([1.0, 2.0, np.nan], [0, 1, 2]), "day": days})
    (found,) = batches(table, ["band", "day"])
    assert found.column("band").to_pylist() == ["(0, 1]", "(1, 2]", None]
    assert found.column("day").to_pylist() == ["2024-01-01", "2024-01-02", "2024-01-03"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame([["a", "b"]], columns=["town", "town"]), "names the column 'town' 2 times"),
        (pd.DataFrame({"town": [1, "a", None]}), "one type each: .*column town"),
        (pd.DataFrame({"town": [1j]}), "one type each: .*column town"),
        (pd.DataFrame({"town": pd.Series(["\ud800"], dtype=object)}), "one type each: .*surrogates"),
    ],
    ids=["named twice", "several types", "complex", "half a character"],
)
def test_what_is_no_column_is_refused_by_name(table, message):
    with pytest.raises(DataError, match=message):
        list(batches(table, ["town"], ["town"]))


def test_a_folder_may_hold_other_files_and_must_hold_the_columns(tmp_path):
    parts(tmp_path, [["a"], ["b"]])
    (tmp_path / "readme.txt").write_text("hi")
    assert [batch.column("town").to_pylist() for batch in batches(tmp_path, ["town"])] == [["a"], ["b"]]
    pq.write_table(pa.table({"twon": ["a"]}), tmp_path / "part-2.parquet")
    with pytest.raises(DataError, match=r"part-2.parquet has no column 'town': did you mean 'twon'"):
        list(batches(tmp_path, ["town"], ["town"]))
    pq.write_table(
        pa.Table.from_arrays([pa.array(["a"])] * 2, names=["town", "town"]), tmp_path / "part-2.parquet"
    )
    with pytest.raises(DataError, match=r"part-2.parquet names the column 'town' 2 times"):
        list(batches(tmp_path, ["town"], ["town"]))
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="none holds no Parquet file"):
        list(batches(tmp_path / "none", ["town"]))


def test_what_is_no_table_is_refused():
    with pytest.raises(InvalidParameter, match="source must be a DataFrame, or a Parquet file"):
        list(batches(np.zeros((3, 2)), ["town"]))

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlflow_prod.data.batches import ROWS, batches
from mlflow_prod.errors import DataError


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
        (damaged, "cannot be read as a Parquet file or folder"),
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

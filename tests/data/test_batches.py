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

import gzip

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import SchemaFile
from mlflow_prod.data.files import read_table
from mlflow_prod.errors import DataError

FRAME = pd.DataFrame({"a": [1.5, np.nan, 3.0], "b": ["x", "y, z", None], "c": [True, False, True]})


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_a_file_reads_as_it_was_written(tmp_path, name):
    path = tmp_path / name
    FRAME.to_parquet(path) if name.endswith("parquet") else FRAME.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read_table(path, SchemaFile()), FRAME, check_dtype=False)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_folder_reads_as_its_files_one_after_the_other(tmp_path, suffix):
    for start in (0, 2):
        piece, path = FRAME.iloc[start : start + 2], tmp_path / f"part-{start}.{suffix}"
        piece.to_parquet(path) if suffix == "parquet" else piece.to_csv(path, index=False)
    assert read_table(tmp_path, SchemaFile())["b"].tolist()[:2] == ["x", "y, z"]
    assert len(read_table(tmp_path, SchemaFile())) == 3


def test_a_folder_of_parquet_may_hold_what_is_none(tmp_path):
    for year in (2025, 2026):
        (tmp_path / f"run=1/year={year}").mkdir(parents=True)
        FRAME.to_parquet(tmp_path / f"run=1/year={year}" / ("part-0" if year == 2025 else "part-0.parquet"))
    for name in ("README.md", "schema.yaml", "rows.csv", "_SUCCESS", ".part-0.crc", "year=2026/notes"):
        (tmp_path / "run=1" / name).write_text("no rows")
    frame = read_table(tmp_path / "run=1", SchemaFile())
    assert [*frame.columns] == [*FRAME.columns, "year"]
    assert frame["year"].tolist() == [2025] * 3 + [2026] * 3


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more"])
def test_a_damaged_file_in_a_folder_of_parquet_is_named(tmp_path, content):
    FRAME.to_parquet(tmp_path / "part-0.parquet")
    (tmp_path / "part-1.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as Parquet .*part-1\.parquet"):
        read_table(tmp_path, SchemaFile())


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
def test_the_separator_is_found(tmp_path, separator):
    path = tmp_path / "t.csv"
    path.write_text(f"a{separator}b\n1{separator}x\n2{separator}y\n")
    assert read_table(path, SchemaFile()).to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_a_file_without_header_reads_by_names_missing_and_comment(tmp_path):
    path = tmp_path / "t.data.gz"
    path.write_bytes(gzip.compress(b"|a comment\n1, ?, Yes\n2, Private, No \n\n"))
    said = SchemaFile(names=("n", "work", "y"), missing=("?",), comment="|")
    frame = read_table(path, said)
    assert frame["n"].tolist() == [1, 2]
    assert frame["work"].isna().tolist() == [True, False]
    assert frame["y"].tolist() == ["Yes", "No"]


def test_the_category_none_is_not_taken_for_a_missing_value(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\nNone,1\nNA,2\n,3\n")
    assert read_table(path, SchemaFile())["a"].isna().tolist() == [False, True, True]


def write_folder_without_rows(path):
    path.mkdir()
    FRAME.head(0).to_parquet(path / "part-0.parquet")


def write_folder_of_two_kinds(path):
    path.mkdir()
    (path / "a.csv").write_text("a,b\n1,2\n")
    (path / "b.csv").write_text("a,c\n1,2\n")


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("t.csv", lambda p: p.write_text(""), "is empty"),
        ("t.csv", lambda p: p.write_text("\n\n"), "is empty"),
        ("t.csv", lambda p: p.write_text("a,b\n"), "has no rows"),
        ("t.csv", lambda p: p.write_text("a,b,a\n1,2,3\n"), "names the column 'a' 2 times"),
        ("t.csv", lambda p: p.write_text("a,b\n1,2\n1,2,3\n"), "line 3: has 3 fields where"),
        ("t.csv", lambda p: p.write_bytes(b"a,b\n\xff\xfe,1\n"), "is not UTF-8 text: save it as UTF-8"),
        ("t.csv", lambda p: p.write_text("a,b\n1,2\n", "utf-16"), "is not UTF-8 text"),
        ("t.csv.gz", lambda p: p.write_bytes(b"not packed"), "cannot be read as CSV"),
        ("t.csv.gz", lambda p: p.write_bytes(gzip.compress(b"a,b\n" * 99)[:-9]), "cannot be read as CSV"),
        ("t.parquet", lambda p: p.write_bytes(b"PAR1 but no more"), "cannot be read as Parquet"),
        ("folder", lambda p: p.mkdir(), "holds no CSV and no Parquet"),
        ("folder", write_folder_without_rows, "has no rows"),
        ("folder", write_folder_of_two_kinds, "has other columns than"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(DataError, match=message) as caught:
        read_table(tmp_path / name, SchemaFile())
    assert name in str(caught.value)


def test_names_that_do_not_fit_the_fields_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("1,2,3\n")
    with pytest.raises(DataError, match="has 3 fields a line, but `names` gives 2"):
        read_table(path, SchemaFile(names=("a", "b")))


def test_one_sign_cannot_part_fields_and_start_a_comment(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n")
    with pytest.raises(DataError, match="',' cannot part fields and start a comment"):
        read_table(path, SchemaFile(comment=","))

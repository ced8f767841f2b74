from pathlib import Path

import pytest

from mlflow_prod.data import read_schema_file
from mlflow_prod.data.schema_file import Declared, find_schema_file
from mlflow_prod.errors import DataError

TEXT = """\
names: [age, income, y]
separator: ";"
missing: "?"
positive: yes
columns:
  y: {role: target}
  age: {role: protected, type: numeric, missing: ["-1", unknown]}
"""


def test_what_a_file_says_is_read(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text(TEXT)
    said = read_schema_file(path)
    assert said.names == ("age", "income", "y")
    assert (said.separator, said.missing, said.positive) == (";", ("?",), "yes")
    assert said.columns["age"] == Declared("protected", "numeric", ("-1", "unknown"))
    assert said.columns["y"] == Declared("target")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "names: [a]\ncolumn: {}\n",
            r"schema\.yaml, line 2: unknown key 'column' .* did you mean 'columns'\?",
        ),
        ("columns:\n  a: {rol: target}\n", r"line 2: unknown key 'rol' in column 'a'; did you mean 'role'\?"),
        (
            "columns:\n  a:\n    role: taget\n",
            r"line 3: column 'a': unknown role 'taget'; did you mean 'target'",
        ),
        ("columns:\n  a: {type: number}\n", r"line 2: .* unknown type 'number'; did you mean 'numeric'\?"),
        ("columns:\n  a: {}\n  a: {}\n", "line 3: key 'a' stands twice in columns"),
        ("columns: [a]\n", "line 1: columns must be a mapping"),
        ("separator: [a]\n", "line 1: separator must be a text"),
        ("columns: {a: target}\n", "line 1: column 'a' must be a mapping"),
        ("columns: {a\n", "not YAML"),
        ("positive: a\nnames: [a, ' a']\n", "line 2: names must give .*, and 'a' is empty or stands twice"),
        ("names: [a, '']\n", "line 1: names must give .*, and '' is empty"),
        ("separator: ',,'\n", "line 1: separator must be one sign, such as ; or .*, got ',,'"),
        ("separator: é\n", "separator must be one sign"),
        ("separator: '\"'\n", "separator must be one sign"),
        ('separator: "\\n"\n', "separator must be one sign"),
        ("comment: //\n", "line 1: comment must be one sign"),
        ("comment: a\n", "line 1: comment must be one sign"),
        ("- a\n", "line 1: the file must be a mapping"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path, text, message):
    path = tmp_path / "schema.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_schema_file(path)


@pytest.mark.parametrize("name", ["data.csv.schema.yaml", "data.schema.yaml", "schema.yaml"])
def test_a_file_beside_the_data_is_found(tmp_path, name):
    (tmp_path / name).write_text("positive: b\n")
    assert find_schema_file(tmp_path / "data.csv", "").positive == "b"


def test_an_empty_file_says_nothing(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text("")
    assert read_schema_file(path).columns == {}


def test_a_lost_schema_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no schema file at .*none\.yaml"):
        find_schema_file(tmp_path, str(tmp_path / "none.yaml"))


def test_the_example_for_adult_is_valid():
    said = read_schema_file(Path(__file__).parents[2] / "docs/examples/adult.schema.yaml")
    assert len(said.names) == 15
    assert set(said.columns) <= set(said.names)


def test_blanks_around_names_and_signs_do_not_count(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text("names: [' a', b ]\nseparator: '; '\n")
    said = read_schema_file(path)
    assert (said.names, said.separator) == (("a", "b"), ";")


@pytest.mark.parametrize("text", ["columns: " + "[" * 20_000, "columns: " + "{a: " * 5_000 + "}" * 5_000])
def test_a_file_nested_without_end_is_named(tmp_path, text):
    path = tmp_path / "schema.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"schema\.yaml: not YAML: maximum recursion depth"):
        read_schema_file(path)

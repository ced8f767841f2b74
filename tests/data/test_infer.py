import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Column, SchemaFile
from mlflow_prod.data.infer import infer_schema
from mlflow_prod.data.schema_file import Declared
from mlflow_prod.errors import DataError

N = 200
NUMBER = np.arange(N)
FRAME = pd.DataFrame(
    {
        "customer_id": [f"c{i}" for i in NUMBER],
        "income": NUMBER * 1.5,
        "flag": NUMBER % 2 == 0,
        "flag_text": np.where(NUMBER % 2 == 0, "TRUE", "false"),
        "job": np.array(["a", "b", "c"])[NUMBER % 3],
        "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(NUMBER, unit="D"),
        "day_text": [f"2026-01-{1 + i % 28:02}" for i in NUMBER],
        "remark": [f"something written {max(i, 1)}" for i in NUMBER],
        "code": [f"c{i}" for i in NUMBER],
        "same": "x",
        "nothing": np.nan,
        "pair": [[1, 2]] * N,
        "y": NUMBER % 2,
    }
)


def infer(frame=FRAME, said=SchemaFile(), roles=None, known=None, protected_as_input=True):  # noqa: B008
    return infer_schema(frame, known or {}, said, {"y": "target"} | (roles or {}), protected_as_input)


def test_types_are_inferred_and_what_cannot_be_learnt_from_is_left_out_with_a_note():
    schema = infer()
    assert {name: (c.role, c.type, c.note) for name, c in schema.columns.items()} == {
        "customer_id": ("id", "text", "every value is distinct"),
        "income": ("feature", "numeric", ""),
        "flag": ("feature", "boolean", ""),
        "flag_text": ("feature", "boolean", ""),
        "job": ("feature", "category", ""),
        "day": ("feature", "date", ""),
        "day_text": ("feature", "date", ""),
        "remark": ("ignore", "text", "free text"),
        "code": ("ignore", "text", "every value is distinct"),
        "same": ("ignore", "category", "constant"),
        "nothing": ("ignore", "category", "no value in any row"),
        "pair": ("ignore", "text", "nested values"),
        "y": ("target", "numeric", ""),
    }
    assert schema.inputs == ("income", "flag", "flag_text", "job", "day", "day_text")


def test_a_parameter_goes_before_the_file_and_the_file_before_what_is_known():
    said = SchemaFile(columns={"job": Declared("protected"), "income": Declared("ignore", "category")})
    known = {"income": Column("weight"), "flag": Column("id", "text")}
    schema = infer(said=said, roles={"job": "id"}, known=known)
    assert schema.columns["job"].role == "id"
    assert (schema.columns["income"].role, schema.columns["income"].type) == ("ignore", "category")
    assert schema.columns["flag"].role == "id"


def test_a_declared_type_brings_a_column_back_unless_it_is_constant():
    said = SchemaFile(columns={"remark": Declared(type="category"), "same": Declared(type="category")})
    schema = infer(said=said)
    assert "remark" in schema.inputs
    assert schema.columns["same"].note == "constant"


def test_a_protected_column_of_text_makes_groups():
    assert infer(roles={"remark": "protected"}).columns["remark"] == Column("protected", "category")


def test_missing_texts_do_not_hide_a_number():
    frame = pd.DataFrame({"a": ["1", "?", "3"], "y": [0, 1, 0]})
    said = SchemaFile(columns={"a": Declared(type="numeric", missing=("?",))})
    assert infer(frame, said).columns["a"] == Column("feature", "numeric", ("?",))


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"incme": "protected"}, "protected: no column 'incme' in the data; did you mean 'income'"),
        ({"jb": "time"}, "time: no column 'jb' in the data; did you mean 'job'"),
    ],
)
def test_a_name_that_is_not_there_gets_the_nearest(roles, message):
    with pytest.raises(DataError, match=message):
        infer(roles=roles)


def test_a_name_in_the_schema_file_that_is_not_there_is_named_with_the_file():
    said = SchemaFile(columns={"incme": Declared()}, path="my/schema.yaml")
    with pytest.raises(DataError, match=r"my/schema\.yaml: no column 'incme'"):
        infer(said=said)


def test_two_columns_cannot_both_be_the_time():
    said = SchemaFile(columns={"day": Declared("time"), "day_text": Declared("time")})
    with pytest.raises(DataError, match="only one column can be the time, got day, day_text"):
        infer(said=said)


def test_a_table_without_inputs_is_refused():
    with pytest.raises(DataError, match=r"no column is left to learn from \(same: constant\)"):
        infer(FRAME[["same", "y"]])


@pytest.mark.parametrize("said", [{"roles": {"pair": "protected"}}, {"roles": {"pair": "time"}}])
def test_a_nested_column_can_be_no_group_and_no_time(said):
    with pytest.raises(DataError, match=r"column 'pair' holds values that are no text .*: mend them"):
        infer(**said)


def test_a_nested_column_may_be_left_out_whatever_stands_in_its_first_row_and_else_where():
    mixed = FRAME.assign(pair=["a", {"b": 1}] * (N // 2), some_id=[[i] for i in NUMBER])
    said = SchemaFile(missing=("?",), columns={"pair": Declared("id")})
    columns = infer(mixed, said).columns
    assert [columns[name].role for name in ("pair", "some_id")] == ["id", "ignore"]

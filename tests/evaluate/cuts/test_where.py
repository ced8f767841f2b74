import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import Where, count, slices

TABLE = pd.DataFrame(
    {
        "age": [20, 30, None, 50],
        "n": [1, 2, 3, 4],
        "sex": ["F", None, "M", "F"],
        "marital-status": pd.Categorical(["a", "b", "c", None]),
        "new": [True, False, True, True],
        "at": pd.to_datetime(["2020-01-01", None, "2021-05-05T03:00", "2022-01-01"], format="ISO8601"),
        "zoned": pd.date_range("2020-01-01", periods=4, tz="Europe/Berlin"),
        "parts": [[1], [2], [3], [4]],
    }
)
BATCH = pa.RecordBatch.from_pandas(TABLE)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("age < 30", [1, 0, None, 0]),
        ("30 > age", [1, 0, None, 0]),
        ("20 < age <= 50", [0, 1, None, 1]),
        ("age < 30 and sex == 'F'", [1, 0, 0, 0]),
        ("age < 30 or sex == 'F'", [1, None, None, 1]),
        ("not (age < 30)", [0, 1, None, 1]),
        ("age is missing", [0, 0, 1, 0]),
        ("sex is not missing", [1, 0, 1, 1]),
        ("n in (1, 3)", [1, 0, 1, 0]),
        ("n not in [1, -3]", [0, 1, 1, 1]),
        ("age in (20, 50)", [1, 0, None, 1]),
        ("n != 2.0", [1, 0, 1, 1]),
        ("`marital-status` in ('a', 'b') and not n == 2", [1, 0, 0, None]),
        ("new", [1, 0, 1, 1]),
        ("not new and n > 1", [0, 1, 0, 0]),
        ("new == False", [0, 1, 0, 0]),
        ("at >= '2021-01-01'", [0, None, 1, 1]),
        ("'2020-01-02' < at < '2021-12-31T12:00'", [0, None, 1, 0]),
        ("zoned < '2020-01-03'", [1, 1, 0, 0]),
        ("age > n", [1, 1, None, 1]),
        ('sex == "`n`"', [0, None, 0, 0]),
        (r"sex == 'it\'s `n`' or n == 1", [1, None, 0, 0]),
    ],
)
def test_an_expression_holds_where_it_says(expression, expected):
    found = Where("w", expression).of(BATCH).to_pylist()
    assert found == [None if one is None else bool(one) for one in expected]


NUMBER = st.one_of(st.integers(-5, 5), st.sampled_from([0.5, -1.5]))
COMPARISON = st.builds(
    "{} {} {}".format,
    st.sampled_from(["a", "b"]),
    st.sampled_from(["<", "<=", "==", "!=", ">", ">="]),
    NUMBER,
)
EXPRESSION = st.recursive(
    COMPARISON,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=8,
)


@given(EXPRESSION)
@settings(deadline=None)
def test_without_missing_values_it_says_what_python_says(expression):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.integers(-5, 6, 50), "b": rng.integers(-10, 11, 50) / 2})
    if len(expression) <= 1_000:
        found = Where("w", expression).of(pa.RecordBatch.from_pandas(table)).to_pylist()
        rows = table.to_dict("records")
        assert found == [eval(expression, {}, row) for row in rows]


def test_slices_by_an_expression_count_its_rows_and_read_what_it_names(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 80, 900),
            "sex": rng.choice(["Female", "Male"], 900),
            "y": rng.integers(0, 2, 900),
            "p": rng.random(900),
        }
    )
    table.to_parquet(tmp_path / "scored.parquet", row_group_size=200)
    young = Where("young women", "age < 30 and sex == 'Female'")
    assert young.reads == ("age", "sex")
    for source in (table, tmp_path / "scored.parquet"):
        found = slices(count(source, Task("binary", "y", ("0", "1")), "p", [young, "sex"], crosses=2))
        rows = found[found["sex"].isna()].set_index("young women")["rows"]
        assert rows["True"] == ((table["age"] < 30) & (table["sex"] == "Female")).sum()
        assert rows["True"] + rows["False"] == 900
    with pytest.raises(DataError, match="no column 'sx': did you mean 'sex'"):
        count(table, Task("binary", "y", ("0", "1")), "p", [Where("w", "sx == 'Female'")])


def test_a_cut_can_be_sent_to_another_process():
    cut = pickle.loads(pickle.dumps(Where("w", "age < 30")))  # noqa: S301
    assert cut.of(BATCH).to_pylist() == [True, False, None, False]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("__import__('os').system('true')", "comparisons of columns joined by and, or, not"),
        ("len(sex) > 1", r"not 'len\(sex\)'"),
        ("`a b` < len(`c d`)", r"not 'len\(`c d`\)'"),
        ("age.real > 1", "comparisons of columns, numbers, texts"),
        ("age + 1 > 2", r"not 'age \+ 1'"),
        ("n == 10 ** 9", "comparisons of columns, numbers"),
        ("(lambda: age)", "comparisons of columns joined"),
        ("[n for n in (1, 2)]", "comparisons of columns joined"),
        ("True", "comparisons of columns joined"),
        ("1 < 2", "about a column in each comparison, not '1'"),
        ("1 in (1, 2)", "about a column in each comparison"),
        ("n in ()", "a tuple of constants wherever it says `in`"),
        ("n in sex", "a tuple of constants wherever it says `in`"),
        ("n in (1, sex.x)", "comparisons of columns, numbers"),
        ("age is None", "`is missing` or `is not missing`"),
        ("age < None", "comparisons of columns, numbers"),
        ("age == -'x'", "comparisons of columns, numbers"),
        ("age == -True", "comparisons of columns, numbers"),
        ("n < 1e999", "made of numbers below 2\\^63"),
        ("n < 99999999999999999999", "made of numbers below 2\\^63"),
        ("age = 3", "written as in .*invalid syntax"),
        ("age < ", "written as in"),
        ("", "written as in"),
        ("(" * 400, "written as in"),
        ("a" * 1_001, "at most 1,000 characters"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_run(expression, message):
    with pytest.raises(InvalidParameter, match=f"expression must be .*{message}"):
        Where("w", expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("sx == 'F'", "there is no column 'sx': did you mean 'sex'"),
        ("age == '20'", "column 'age' of double cannot be compared with '20'"),
        ("sex < 5", "column 'sex' of .*string cannot be compared with 5"),
        ("sex in ('F', 3)", "column 'sex' of .*string cannot be compared with 3"),
        ("new == 1", "column 'new' of bool cannot be compared with 1"),
        ("new < True", "can be equal or not, and neither is more"),
        ("age", "column 'age' of double cannot be compared with True"),
        ("parts == 1", "column 'parts' of list.* cannot be compared with 1"),
        ("at > 'soon'", "'soon' is no time in ISO text"),
        ("at == zoned", "does not fit the data"),
    ],
)
def test_what_does_not_fit_the_columns_names_expression_and_column(expression, message):
    with pytest.raises(
        DataError, match=f"expression .* does not fit the data: .*{message}" if message[0] != "d" else message
    ):
        Where("w", expression).of(BATCH)


def test_a_column_without_any_value_leaves_everything_open():
    batch = pa.record_batch({"age": pa.nulls(2), "n": pa.array([1, 2])})
    for expression in ("age < 30", "age == n", "age", "not age", "age in ('a', 'b')", "30 > age"):
        assert Where("cut", expression).of(batch).to_pylist() == [None, None], expression
    assert Where("cut", "age is missing or n == 5").of(batch).to_pylist() == [True, True]


def test_a_column_may_be_called_as_a_placeholder_of_backticks():
    batch = pa.record_batch({"a b": pa.array([1, 2]), "backticked_0_": pa.array([2, 1])})
    assert Where("cut", "`a b` == 1 and backticked_0_ == 2").of(batch).to_pylist() == [True, False]


def test_what_is_no_text_is_no_expression():
    with pytest.raises(InvalidParameter, match="expression must be a text, got None"):
        Where("cut", None)

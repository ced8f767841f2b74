import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import load
from mlflow_prod.errors import DataError

YES_NO = ["yes", "no"] * 10
BLACK = np.zeros((20, 4, 4))


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Writes a module and hands back the data string of its function `rows`."""

    def write(text):
        (tmp_path / "own_rows.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        return "own_rows:rows"

    yield write
    sys.modules.pop("own_rows", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def rows():\n    return {}['boom']", r"KeyError \(.*own_rows\.py, line 2\): 'boom'"),
        ("def rows():\n    return 1 + 'a'", r"TypeError \(.*own_rows\.py, line 2\): unsupported operand"),
        ("import sys\ndef rows():\n    sys.exit(0)", r"SystemExit \(.*own_rows\.py, line 3\): 0"),
        ("def rows():\n    return rows()", r"RecursionError \(.*own_rows\.py, line 2\): maximum recursion"),
        ("1 / 0", r"ZeroDivisionError \(.*own_rows\.py, line 1\)"),
        ("def (", r"SyntaxError: .*own_rows\.py, line 1"),
        ("def rows(n): ...", "the function must work without arguments"),
    ],
)
def test_what_ends_a_function_is_named_with_its_line(given, text, message):
    with pytest.raises(DataError, match=f"data 'own_rows:rows': {message}"):
        load(given(text), target="y")


def test_ctrl_c_in_a_function_is_heard(given):
    with pytest.raises(KeyboardInterrupt):
        load(given("def rows():\n    raise KeyboardInterrupt"))


SURROGATE = "half of a pair: \ud83d"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((None, None), r"the shapes \(\) and \(\)"),
        ((3, 4), r"the shapes \(\) and \(\)"),
        ((iter([1]), [1]), r"the shapes \(\) and \(1,\)"),
        ((np.zeros((20, 2)), np.zeros((20, 2))), r"the shapes \(20, 2\) and \(20, 2\)"),
        ((np.zeros((20, 2)), [[1], [1, 2]] * 10), "returned rows of unequal length"),
        (([[1], [1, 2]] * 10, YES_NO), "returned rows of unequal length"),
        ((BLACK[:0], []), r"images must have shape .* got \(0, 4, 4, 1\)"),
        ((BLACK[:, :0], YES_NO), r"images must have shape .* got \(20, 0, 4, 1\)"),
        ((BLACK[..., None, None], YES_NO), "images must have shape"),
        ((BLACK.astype(object), YES_NO), "must return pixels that are numbers, got object"),
        ((BLACK.astype(complex), YES_NO), "must return pixels that are numbers, got complex128"),
        ((BLACK, [SURROGATE, "no"] * 10), "returned a value that no column can hold: .*surrogates"),
        (
            (np.zeros((20, 2)), [SURROGATE, "no"] * 10),
            "returned a value that no column can hold: .*surrogates",
        ),
        (
            pd.DataFrame({"y": pd.Series([SURROGATE, 1], dtype=object)}),
            "column .y. holds values that are no text .*surrogates",
        ),
        (pd.DataFrame({"y": pd.Series([10**400, 1], dtype=object)}), "can hold: int too large"),
    ],
)
def test_what_a_function_returns_must_be_rows(monkeypatch, value, message):
    module = ModuleType("own_rows")
    module.rows = lambda: value
    monkeypatch.setitem(sys.modules, "own_rows", module)
    with pytest.raises(DataError, match=message):
        load("own_rows:rows", target="y")


def test_a_target_may_be_a_table_of_one_column(monkeypatch):
    module = ModuleType("own_rows")
    module.rows = lambda: (pd.DataFrame({"a": range(20)}), pd.DataFrame({"y": YES_NO}))
    monkeypatch.setitem(sys.modules, "own_rows", module)
    assert load("own_rows:rows").task.classes == ("no", "yes")

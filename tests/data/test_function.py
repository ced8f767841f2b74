import sys

import pytest

from mlflow_prod.data.function import call
from mlflow_prod.errors import DataError, ModelError


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_function.py").write_text("def sum_of(a, b):\n    return a + b\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_function:sum_of"
    sys.modules.pop("own_function", None)


def test_a_function_is_called_with_what_is_given(own):
    assert call("student", own, 1, 2) == 3


def test_errors_are_of_the_kind_asked_for_and_name_the_parameter_and_the_line(own):
    with pytest.raises(DataError, match="student 'own_function:sum_of': the function must work with 1 arg"):
        call("student", own, 1)
    with pytest.raises(
        ModelError, match=r"rows 'own_function:sum_of': TypeError \(.*own_function\.py, line 2\)"
    ):
        call("rows", own, 1, "a", error=ModelError)
    with pytest.raises(ModelError, match="rows 'nowhere:sum_of': no module 'nowhere'"):
        call("rows", "nowhere:sum_of", error=ModelError)

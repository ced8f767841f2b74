import pytest

from mlflow_prod.candidate.monitoring import drift_table, log_monitoring
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Measure
from mlflow_prod.tracking import ModelReference


def test_each_column_is_a_row_and_what_moved_most_comes_first():
    measures = [
        Measure("income/psi", 0.01),
        Measure("income/drifted", 0.0),
        Measure("a/b/psi", 0.4),
        Measure("a/b/drifted", 1.0),
        Measure("drifted_share", 0.5),
    ]
    assert drift_table(measures).to_dict("records") == [
        {"column": "a/b", "psi": 0.4, "drifted": 1.0},
        {"column": "income", "psi": 0.01, "drifted": 0.0},
    ]


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000])
def test_a_baseline_that_is_none_is_named(tmp_path, content):
    (tmp_path / "baseline.json").write_text(content)
    reference = ModelReference("models:/m-1", tmp_path, "", "m-1", "", "", ("keras",), {})
    with pytest.raises(ModelError, match=r"baseline\.json cannot be read, train or compress the model again"):
        log_monitoring(None, reference, None, [], "rows.csv")

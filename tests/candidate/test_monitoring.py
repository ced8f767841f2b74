from mlflow_prod.candidate.monitoring import drift_table
from mlflow_prod.evidence import Measure


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

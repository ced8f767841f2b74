from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.report import headline


def test_of_each_column_the_largest_gap_comes_first():
    values = {
        "sex/positive_rate": 0.1,
        "sex/true_positive_rate": 0.2,
        "sex/false_positive_rate": 0.05,
        "sex/equalized_odds": 0.2,
        "age/positive_rate": 0.3,
        "age/true_positive_rate": 0.01,
    }
    measures = tuple(Measure(f"gap/{name}", value) for name, value in values.items())
    said = headline(Evidence("fairness", "0" * 64, "1" * 64, measures))
    assert said == (
        "fairness: gap/sex/true_positive_rate 0.2, gap/age/positive_rate 0.3, gap/sex/positive_rate 0.1, "
        "gap/sex/false_positive_rate 0.05"
    )

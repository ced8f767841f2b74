import numpy as np
import pytest

from mlflow_prod.explain import Attribution


def _attribution(values, **change):
    values = np.asarray(values, float)
    n, columns = values.shape[:2]
    given = {
        "values": values,
        "base": np.zeros(values.shape[2:]),
        "scores": values.sum(axis=1),
        "rows": np.zeros((n, columns)),
        "names": tuple(f"c{at}" for at in range(columns)),
    }
    return Attribution(**(given | change))


def test_importance_is_the_mean_size_largest_first():
    assert _attribution([[1, -3], [-1, 1]]).importance() == {"c1": 2.0, "c0": 1.0}


def test_the_importance_of_several_classes_is_their_mean():
    assert _attribution(np.stack([[[2.0]], [[4.0]]], axis=-1)[:1]).importance() == {"c0": 3.0}


def test_measures_name_the_columns_and_the_error():
    found = _attribution([[1, -3], [-1, 1], [1, 2]], scores=np.array([-2, 0, 3.5])).measures()
    assert [m.name for m in found] == ["importance/c1", "importance/c0", "additivity_error"]
    assert found[0].low < found[0].value < found[0].high and found[0].n == 3
    assert found[1].low == found[1].value == found[1].high == 1
    assert found[2].value == pytest.approx(0.5)


def test_one_row_has_no_interval_and_wide_tables_only_their_20_most_important():
    found = _attribution([np.arange(50.0)]).measures()
    assert len(found) == 21 and found[0].name == "importance/c49" and found[0].low is None


def test_shaps_own_plots_can_take_it():
    explanation = _attribution([[1, -3], [-1, 1]]).to_shap()
    assert explanation.feature_names == ["c0", "c1"]
    assert np.array_equal(explanation.abs.mean(0).values, [1, 2])

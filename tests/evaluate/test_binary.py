import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import binary
from mlflow_prod.evaluate.count import count_rows
from mlflow_prod.evaluate.rows import Rows

TASK = Task("binary", "repaid", ("no", "yes"))


def counted(n, rare=0.3, weighted=False, seed=0, threshold=0.4):
    rng = np.random.default_rng(seed)
    target = (rng.random(n) < rare).astype(int)
    scores = 1 / (1 + np.exp(-(2 * target - 1 + np.log(rare / (1 - rare)) + rng.normal(size=n))))
    weight = rng.uniform(0.2, 3, n) if weighted else None
    rows = Rows.of(TASK, target, scores, weight)
    counts = count_rows(rows, pd.DataFrame(index=range(n)), (threshold,))
    return target, scores, weight, counts.counting.scale, counts.slices


@pytest.mark.parametrize("weighted", [False, True])
def test_rates_are_scikit_learns_at_any_threshold(weighted):
    target, scores, weight, scale, slices = counted(5_000, weighted=weighted)
    found = binary.rates(slices, scale, 0.4)
    chosen = scores >= 0.4
    known = {"sample_weight": weight}
    expected = {
        "accuracy": metrics.accuracy_score(target, chosen, **known),
        "precision": metrics.precision_score(target, chosen, **known),
        "true_positive_rate": metrics.recall_score(target, chosen, **known),
        "true_negative_rate": metrics.recall_score(target, chosen, pos_label=0, **known),
        "false_omission_rate": 1 - metrics.precision_score(target, chosen, pos_label=0, **known),
        "positive_rate": np.average(chosen, weights=weight),
    }
    for name, value in expected.items():
        assert found[name].value[0] == pytest.approx(value, abs=1e-12), name
    for one, other in (("positive", "negative"), ("true_positive", "false_negative")):
        assert found[f"{one}_rate"].value + found[f"{other}_rate"].value == pytest.approx(1)
    assert found["precision"].value + found["false_discovery_rate"].value == pytest.approx(1)
    assert binary.f1(found).value[0] == pytest.approx(metrics.f1_score(target, chosen, **known), abs=1e-9)


@pytest.mark.parametrize(("n", "rare"), [(1_500, 0.3), (50_000, 0.3), (200_000, 0.002)])
def test_areas_lie_within_their_bounds_of_scikit_learns(n, rare):
    target, scores, _, scale, slices = counted(n, rare)
    area, bound = binary.auc(slices)
    assert abs(area.value[0] - metrics.roc_auc_score(target, scores)) <= bound[0] + 1e-12
    precision, its_bound = binary.pr_auc(slices, scale)
    assert abs(precision.value[0] - metrics.average_precision_score(target, scores)) <= its_bound[0] + 1e-12
    if scale.exact:
        assert bound[0] == its_bound[0] == 0
    else:
        assert bound[0] < 0.005 and abs(area.value[0] - metrics.roc_auc_score(target, scores)) < 1e-4


def test_the_intervals_of_f1_and_average_precision_cover_the_truth():
    truth = [counted(400_000, seed=9_999)]
    target, scores, *_ = truth[0]
    expected = metrics.f1_score(target, scores >= 0.4), metrics.average_precision_score(target, scores)
    covered = np.zeros(2)
    for seed in range(400):
        *_, scale, slices = counted(500, seed=seed)
        found = binary.f1(binary.rates(slices, scale, 0.4)), binary.pr_auc(slices, scale)[0]
        covered += [one.low[0] <= value <= one.high[0] for one, value in zip(found, expected, strict=True)]
    # Boyd's interval of the average precision is known to be cautious.
    assert 370 <= covered[0] <= 395 and covered[1] >= 370, covered


def test_a_slice_of_one_class_has_no_area_and_a_slice_that_chooses_nobody_no_precision():
    rows = Rows.of(TASK, np.zeros(20, int), np.full(20, 0.1), None)
    counts = count_rows(rows, pd.DataFrame(index=range(20)))
    slices, scale = counts.slices, counts.counting.scale
    assert np.isnan(binary.auc(slices)[0].value[0]) and np.isnan(binary.pr_auc(slices, scale)[0].value[0])
    found = binary.rates(slices, scale, 0.5)
    assert np.isnan(found["precision"].value[0]) and np.isnan(found["precision"].low[0])
    assert found["true_negative_rate"].value[0] == 1

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_ratio, equalized_odds_difference
from sklearn.metrics import recall_score
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import fairness
from mlflow_prod.stats import newcombe, pairs_confidence, wilson

BINARY = Task("binary", "repaid", ("no", "yes"))


def _biased(n=2_000, shift=0.15, seed=0):
    rng = np.random.default_rng(seed)
    target, female = rng.integers(0, 2, n), rng.random(n) < 0.5
    scores = np.clip(0.4 * target + 0.3 + rng.normal(0, 0.2, n) - shift * female, 0, 1)
    return target, scores, pd.DataFrame({"sex": np.where(female, "Female", "Male")})


def _by_title(measures):
    return {measure.title: measure for measure in measures}


def test_rates_and_their_intervals_are_counted_by_hand():
    target, scores, groups = _biased()
    found = _by_title(fairness(BINARY, target, scores, groups))
    female, chosen = (groups["sex"] == "Female").to_numpy(), scores >= 0.5
    for name, of in {
        "positive_rate": female,
        "true_positive_rate": female & (target == 1),
        "false_positive_rate": female & (target == 0),
    }.items():
        measure = found[f"slice/sex/Female/{name}"]
        hits, n = int(chosen[of].sum()), int(of.sum())
        assert (measure.value, measure.n) == (pytest.approx(hits / n), n)
        assert (measure.low, measure.high) == pytest.approx(proportion_confint(hits, n, method="wilson"))
    assert found["positive_rate"].value == pytest.approx(chosen.mean())


def test_the_gap_of_two_groups_is_statsmodels_newcombe():
    target, scores, groups = _biased()
    gap = _by_title(fairness(BINARY, target, scores, groups))["gap/sex/true_positive_rate"]
    female, hit = (groups["sex"] == "Female").to_numpy(), scores >= 0.5
    counts = [
        int(x)
        for of in (~female, female)
        for x in (hit[of & (target == 1)].sum(), (of & (target == 1)).sum())
    ]
    expected = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    assert (gap.low, gap.high) == pytest.approx(expected)
    assert gap.value == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])
    assert gap.n == counts[1] + counts[3]


def test_the_gap_of_many_groups_is_the_widest_of_all_pairs_widened_for_their_number():
    rng = np.random.default_rng(2)
    target, scores = np.ones(3_000, int), rng.random(3_000)
    groups = pd.DataFrame({"race": rng.choice(list("ABCD"), 3_000)})
    found = _by_title(fairness(BINARY, target, scores, groups))
    parts = [found[f"slice/race/{race}/positive_rate"] for race in "ABCD"]
    ends = [(m.value, *wilson(round(m.value * m.n), m.n, pairs_confidence(4))) for m in parts]
    pairs = [newcombe(a, b) for a in ends for b in ends if a is not b]
    gap = found["gap/race/positive_rate"]
    assert gap.value == pytest.approx(max(m.value for m in parts) - min(m.value for m in parts))
    assert gap.high == pytest.approx(max(high for _, high in pairs))
    assert gap.low == pytest.approx(max(0, *(low for low, _ in pairs)))


def test_odds_and_the_ratio_of_the_80_percent_rule_are_fairlearns():
    target, scores, groups = _biased()
    found = _by_title(fairness(BINARY, target, scores, groups))
    theirs = {"y_true": target, "y_pred": scores >= 0.5, "sensitive_features": groups}
    odds, ratio = found["gap/sex/equalized_odds"], found["ratio/sex/positive_rate"]
    assert odds.value == pytest.approx(equalized_odds_difference(**theirs), abs=1e-12)
    assert ratio.value == pytest.approx(demographic_parity_ratio(**theirs), abs=1e-12)
    # Two rates together: the interval is wider than that of the one that differs most.
    wider = max(
        (found[f"gap/sex/{rate}"] for rate in ("true_positive_rate", "false_positive_rate")),
        key=lambda gap: gap.value,
    )
    assert odds.value == wider.value and odds.high > wider.high
    assert ratio.low < ratio.value < ratio.high < 1


def test_rates_that_are_all_zero_have_no_ratio():
    target, scores, groups = _biased()
    found = _by_title(fairness(BINARY, target, scores / 3, groups))
    assert found["gap/sex/positive_rate"].value == 0 and "ratio/sex/positive_rate" not in found


def test_equal_groups_have_a_gap_whose_interval_reaches_zero_and_a_bias_is_seen():
    fair = _by_title(fairness(BINARY, *_biased(shift=0)))["gap/sex/positive_rate"]
    biased = _by_title(fairness(BINARY, *_biased(shift=0.15)))["gap/sex/positive_rate"]
    assert fair.low == 0 and biased.low > 0.1


def test_the_threshold_moves_the_rates():
    target, scores, groups = _biased()
    rate = {
        t: _by_title(fairness(BINARY, target, scores, groups, threshold=t))["positive_rate"].value
        for t in (0, 1)
    }
    assert rate[0] == 1 and rate[1] == np.mean(scores == 1)


def test_multiclass_has_the_recall_of_each_class():
    rng = np.random.default_rng(0)
    target, scores = rng.integers(0, 3, 300), rng.dirichlet([1, 1, 1], 300)
    groups = pd.DataFrame({"sex": rng.choice(["F", "M"], 300)})
    found = _by_title(fairness(Task("multiclass", "kind", ("a", "b", "c")), target, scores, groups))
    expected = recall_score(target, scores.argmax(axis=1), average=None)
    assert [found[f"recall/{name}"].value for name in "abc"] == pytest.approx(expected)
    assert "slice/sex/F/recall/b" in found and "gap/sex/recall/c" in found


def test_regression_has_the_mean_error_and_its_gap():
    rng = np.random.default_rng(0)
    target = rng.normal(size=1_000)
    groups = pd.DataFrame({"sex": ["F", "M"] * 500})
    scores = target + rng.normal(0, 0.1, 1_000) + np.where(groups["sex"] == "F", 0.5, 0)
    found = _by_title(fairness(Task("regression", "price"), target, scores, groups))
    assert found["slice/sex/F/mean_error"].value == pytest.approx((scores - target)[::2].mean())
    gap = found["gap/sex/mean_error"]
    assert gap.low < 0.5 < gap.high and gap.low > 0.45


def test_rates_of_fewer_than_ten_rows_are_left_out_and_one_group_has_no_gap():
    target = np.r_[np.ones(9, int), np.zeros(20, int), np.ones(40, int)]
    groups = pd.DataFrame({"sex": ["F"] * 29 + ["M"] * 40})
    titles = set(_by_title(fairness(BINARY, target, np.full(69, 0.7), groups)))
    assert "slice/sex/F/positive_rate" in titles and "gap/sex/positive_rate" in titles
    assert "slice/sex/F/true_positive_rate" not in titles and "gap/sex/true_positive_rate" not in titles


def test_equal_weights_change_nothing_and_unequal_ones_widen():
    target, scores, groups = _biased()
    plain = fairness(BINARY, target, scores, groups)
    assert [str(m) for m in fairness(BINARY, target, scores, groups, np.full(2_000, 3.0))] == [
        str(m) for m in plain
    ]
    unequal = np.random.default_rng(0).exponential(size=2_000)
    weighted = _by_title(fairness(BINARY, target, scores, groups, unequal))
    for measure in plain:
        assert weighted[measure.title].n < measure.n


def test_a_regression_slice_of_nine_rows_is_left_out():
    groups = pd.DataFrame({"sex": ["F"] * 9 + ["M"] * 11})
    found = _by_title(fairness(Task("regression", "price"), np.arange(20.0), np.arange(20.0), groups))
    assert set(found) == {"mean_error", "slice/sex/M/mean_error"}


def test_bad_parameters_are_refused():
    target, scores, groups = _biased(20)
    with pytest.raises(InvalidParameter, match="threshold must be between 0 and 1, got"):
        fairness(BINARY, target, scores, groups, threshold=1.5)
    with pytest.raises(DataError, match="scores must be finite"):
        fairness(BINARY, target, np.full(20, np.nan), groups)

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from mlflow_prod.data.task import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import evaluation

BINARY = Task("binary", "repaid", ("no", "yes"))
THREE = Task("multiclass", "kind", ("a", "b", "c"))
PRICE = Task("regression", "price")


def _binary(n=600, seed=0):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, n)
    scores = 1 / (1 + np.exp(-(2 * target - 1 + rng.normal(size=n))))
    groups = pd.DataFrame(
        {"sex": rng.choice(["Female", "Male"], n), "age": rng.choice(["18 to 24", "25+"], n)}
    )
    return target, scores, groups


def _three(n=600, seed=0):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 3, n)
    raw = np.exp(rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[target])
    return target, raw / raw.sum(axis=1, keepdims=True)


def _by_title(measures):
    return {measure.title: measure for measure in measures}


@pytest.mark.parametrize("weighted", [False, True])
def test_binary_figures_are_scikit_learns_overall_and_by_slice(weighted):
    target, scores, groups = _binary()
    weight = np.random.default_rng(1).uniform(0.2, 3, len(target)) if weighted else None
    found = _by_title(evaluation(BINARY, target, scores, groups, weight))
    female = (groups["sex"] == "Female").to_numpy()
    for start, rows in (("", slice(None)), ("slice/sex/Female/", female)):
        t, s, w = target[rows], scores[rows], None if weight is None else weight[rows]
        expected = {
            "accuracy": metrics.accuracy_score(t, s >= 0.5, sample_weight=w),
            "balanced_accuracy": metrics.balanced_accuracy_score(t, s >= 0.5, sample_weight=w),
            "f1": metrics.f1_score(t, s >= 0.5, sample_weight=w),
            "auc": metrics.roc_auc_score(t, s, sample_weight=w),
            "pr_auc": metrics.average_precision_score(t, s, sample_weight=w),
            "log_loss": metrics.log_loss(t, s, sample_weight=w),
            "brier": metrics.brier_score_loss(t, s, sample_weight=w),
        }
        for name, value in expected.items():
            assert found[start + name].value == pytest.approx(value, abs=1e-9), name
            assert found[start + name].low < value < found[start + name].high
        assert found[start + "ece"].low < found[start + "ece"].value < found[start + "ece"].high
    assert len(found) == 5 * 8


def test_multiclass_figures_are_scikit_learns():
    target, scores = _three()
    found = _by_title(evaluation(THREE, target, scores, pd.DataFrame(index=range(600))))
    predicted = scores.argmax(axis=1)
    assert found["accuracy"].value == pytest.approx(metrics.accuracy_score(target, predicted))
    assert found["balanced_accuracy"].value == pytest.approx(
        metrics.balanced_accuracy_score(target, predicted)
    )
    assert found["log_loss"].value == pytest.approx(metrics.log_loss(target, scores))
    assert found["brier"].value == pytest.approx(np.square(scores - np.eye(3)[target]).sum(axis=1).mean())
    assert found["macro_f1"].value == pytest.approx(metrics.f1_score(target, predicted, average="macro"))
    # Few different scores have a bin each, and the area is that of the rows.
    area = metrics.roc_auc_score(target, scores, multi_class="ovr")
    assert found["auc"].value == pytest.approx(area, abs=1e-12)
    assert set(found) == {"accuracy", "balanced_accuracy", "macro_f1", "auc", "log_loss", "brier", "ece"}


@pytest.mark.parametrize("weighted", [False, True])
def test_regression_figures_are_scikit_learns(weighted):
    rng = np.random.default_rng(0)
    target = rng.normal(10, 3, 400)
    scores = target + rng.normal(size=400)
    weight = rng.uniform(0.2, 3, 400) if weighted else None
    found = _by_title(evaluation(PRICE, target, scores, pd.DataFrame(index=range(400)), weight))
    assert found["r2"].value == pytest.approx(metrics.r2_score(target, scores, sample_weight=weight))
    assert found["mae"].value == pytest.approx(
        metrics.mean_absolute_error(target, scores, sample_weight=weight)
    )
    expected = metrics.root_mean_squared_error(target, scores, sample_weight=weight)
    assert found["rmse"].value == pytest.approx(expected)
    assert found["mape"].value == pytest.approx(
        metrics.mean_absolute_percentage_error(target, scores, sample_weight=weight)
    )


def test_the_intervals_of_r2_and_balanced_accuracy_cover_the_truth():
    nothing, covered = pd.DataFrame(index=range(300)), {"r2": 0, "rmse": 0, "balanced_accuracy": 0}
    for seed in range(400):
        rng = np.random.default_rng(seed)
        target = rng.normal(0, 2, 300)
        found = _by_title(evaluation(PRICE, target, target + rng.normal(size=300), nothing))
        labels = (rng.random(300) < 0.3).astype(int)
        scores = np.where(rng.random(300) < np.where(labels == 1, 0.7, 0.9), labels, 1 - labels)
        found |= _by_title(evaluation(BINARY, labels, scores, nothing))
        for name, truth in (("r2", 0.75), ("rmse", 1.0), ("balanced_accuracy", 0.8)):
            covered[name] += found[name].low <= truth <= found[name].high
    assert all(365 <= count <= 395 for count in covered.values()), covered


def test_slices_of_fewer_than_ten_rows_are_left_out():
    target, scores, _ = _binary(100)
    groups = pd.DataFrame(
        {"sex": ["Other"] * 9 + ["Female"] * 10 + ["Male"] * 69 + ["missing"] * 9 + [None] * 3}
    )
    slices = {measure.slice for measure in evaluation(BINARY, target, scores, groups)}
    assert slices == {(), (("sex", "Female"),), (("sex", "Male"),), (("sex", "missing"),)}


def test_a_slice_with_one_class_has_all_figures_but_the_area():
    target, scores, _ = _binary(100)
    groups = pd.DataFrame({"label": np.where(target == 1, "one", "zero")})
    names = {m.name for m in evaluation(BINARY, target, scores, groups) if m.slice == (("label", "one"),)}
    assert names == {"accuracy", "balanced_accuracy", "f1", "pr_auc", "log_loss", "brier", "ece"}


def test_a_constant_target_has_no_r2_and_one_row_no_interval():
    found = _by_title(evaluation(PRICE, np.array([3.0]), np.array([2.0]), pd.DataFrame(index=range(1))))
    assert set(found) == {"mae", "rmse", "mape"}
    assert found["mae"].value == 1 and found["mae"].low is None and found["mae"].high is None


def test_unequal_weights_count_as_fewer_rows():
    target, scores, groups = _binary(200)
    weight = np.where(np.arange(200) < 100, 1.0, 0.0)
    alone = _by_title(evaluation(BINARY, target[:100], scores[:100], groups[:100]))
    for title, measure in _by_title(evaluation(BINARY, target, scores, groups, weight)).items():
        assert measure.n == alone[title].n
        assert (measure.value, measure.low) == pytest.approx((alone[title].value, alone[title].low), abs=1e-9)


def test_wrong_answers_given_with_certainty_have_a_finite_loss():
    target = np.array([0, 1] * 10)
    found = _by_title(evaluation(BINARY, target, 1.0 - target, pd.DataFrame(index=range(20))))
    assert found["log_loss"].value == pytest.approx(-np.log(np.finfo(np.float32).eps))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": np.array([0.1, np.nan, 0.3])}, "finite.*1 of 3 rows, first in row 1"),
        ({"scores": np.array([0.1, 1.2, 0.3])}, "probabilities between 0 and 1.*row 1"),
        ({"scores": np.array([0.1, 0.2])}, r"shape \(3,\)"),
        ({"scores": np.ones((3, 2))}, r"shape \(3,\)"),
        ({"target": np.array([0, 1, 2])}, "class codes 0 to 1"),
        ({"target": np.array([0, 1, np.nan])}, "class codes 0 to 1"),
        (
            {"groups": pd.DataFrame({"sex": ["F", "M"]})},
            "a row for each of the 3 targets, got 2",
        ),
        ({"weight": np.ones(2)}, "weight must have shape"),
        ({"weight": np.array([1, -1, 1])}, "weight must be finite and >= 0"),
        ({"weight": np.zeros(3)}, "weight must be > 0 in at least one row"),
        ({"target": np.empty(0), "scores": np.empty(0)}, "no rows to measure on"),
        ({"weight": np.array([1, 1e-300, 1])}, "weight must be 0, or from 1e-25 .* first in row 1"),
        ({"target": np.array(["no", "yes", "no"])}, "target must be numbers, of classes their codes"),
        ({"target": np.array([0, None, 1])}, "class codes 0 to 1.* first in row 1"),
        ({"target": np.zeros((3, 2))}, "target must have one value for each row"),
        ({"target": 1}, "target must have one value for each row"),
        ({"scores": np.array(["a", "b", "c"])}, "scores must be numbers"),
        ({"scores": np.array([0.1, 0.2, 0.3j])}, "scores must be numbers"),
        ({"groups": pd.DataFrame({"town": [1, "a", None]})}, "column 'town' of groups must .* one type"),
        ({"groups": pd.DataFrame({"town": [[1], [2], [3]]})}, "column 'town' must hold plain values"),
        ({"groups": pd.DataFrame([["a", "b"]] * 3, columns=["x", "x"])}, "columns named once each"),
    ],
)
def test_bad_rows_are_refused_with_the_rule_and_the_place(change, message):
    good = {
        "target": np.array([0, 1, 1]),
        "scores": np.array([0.1, 0.9, 0.4]),
        "groups": pd.DataFrame(index=range(3)),
    }
    with pytest.raises((DataError, InvalidParameter), match=message):
        evaluation(BINARY, **(good | change))


@pytest.mark.parametrize("unit", [1e300, 1e51, 1e-60, 1e-300])
def test_numbers_whose_powers_cannot_be_told_are_refused(unit):
    target = np.arange(1, 21) * unit
    with pytest.raises(DataError, match=r"with their unit so that the largest are between 1e-50 and 1e.50"):
        evaluation(Task("regression", "y"), target, target * 1.1, pd.DataFrame())


@pytest.mark.parametrize("unit", [1e-48, 1e40])
def test_the_unit_of_numbers_does_not_matter(unit):
    rng = np.random.default_rng(0)
    target, error = rng.normal(size=50), rng.normal(size=50)
    plain, other = (
        _by_title(evaluation(Task("regression", "y"), target * by, (target + error) * by, pd.DataFrame()))
        for by in (1, unit)
    )
    for name, by in (("r2", 1), ("mape", 1), ("mae", unit), ("rmse", unit)):
        ends = [(one.value, one.low, one.high) for one in (plain[name], other[name])]
        assert np.allclose(np.array(ends[0]) * by, ends[1], rtol=1e-9, atol=0)


def test_two_rows_have_an_r2_without_an_interval():
    found = _by_title(evaluation(Task("regression", "y"), np.array([1.0, 2.0]), np.ones(2), pd.DataFrame()))
    assert found["r2"].value == -1 and found["r2"].low is None


def test_groups_of_a_table_that_was_joined_from_several_count_as_of_one():
    whole = pd.DataFrame({"sex": pd.Series(["Female", "Male"] * 30, dtype="str")})
    joined = pd.concat([whole[:20], whole[20:]], ignore_index=True)
    rng = np.random.default_rng(0)
    target, scores = rng.integers(0, 2, 60), rng.random(60)
    task = Task("binary", "y", ("no", "yes"))
    assert evaluation(task, target, scores, joined) == evaluation(task, target, scores, whole)


def test_areas_of_sixteen_thousand_rows_are_those_of_the_rows():
    rng = np.random.default_rng(8)
    target, group = rng.integers(0, 2, 16_000), rng.choice(["a", "b"], 16_000)
    scores = 1 / (1 + np.exp(-(target + rng.normal(size=16_000))))
    task = Task("binary", "repaid", ("no", "yes"))
    found = evaluation(task, target, scores, pd.DataFrame({"town": group}))
    areas = {measure.slice: measure.value for measure in found if measure.name == "auc"}
    assert areas[()] == pytest.approx(metrics.roc_auc_score(target, scores), abs=1e-12)
    for name in "ab":
        expected = metrics.roc_auc_score(target[group == name], scores[group == name])
        assert areas[(("town", name),)] == pytest.approx(expected, abs=1e-12)

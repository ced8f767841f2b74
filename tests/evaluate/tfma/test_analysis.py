import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate import EvalConfig, tfma

# Results of TensorFlow Model Analysis itself, with the script that made them.
THEIRS = Path(__file__).parent
LABEL = Task("binary", "label", ("0", "1"))
KIND = Task("multiclass", "kind", ("0", "1", "2"))
PARTS = ["part_0", "part_1", "part_2"]
CASES = {"binary": (LABEL, ""), "classes": (KIND, PARTS), "regression": (Task("regression", "amount"), "")}
# Keras' own metrics are in float32, and its cross entropy adds 1e-7 to each probability.
IN_FLOAT32 = {
    "binary_crossentropy": 1e-5,
    "root_mean_squared_error": 1e-6,
    "sparse_categorical_accuracy": 1e-6,
    "sparse_categorical_crossentropy": 1e-6,
}


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(THEIRS / "rows.csv")


@pytest.fixture(scope="module", params=CASES)
def both(request, rows):
    theirs = json.loads((THEIRS / f"{request.param}.results.json").read_text())
    config = EvalConfig.read(THEIRS / f"{request.param}.config.json")
    task, score = CASES[request.param]
    return tfma(config, rows, task, score), theirs


def spec(*names, **fields):
    return {"metrics": [{"class_name": name} for name in names], **fields}


def run(rows, *specs, task=LABEL, score="score", slices=({},), **fields):
    config = {"metrics_specs": list(specs), "slicing_specs": list(slices), **fields}
    return tfma(EvalConfig.read(config), rows, task, score)


def flat(theirs):
    """Their figures: (slice, model, metric, class or average, threshold or None) and the value."""
    for at, models in theirs["metrics"].items():
        for model, found in models.items():
            for name, value in found.items():
                metric, _, of = name.partition(" of ")
                place = (at, model or "candidate")
                if isinstance(value, list) and isinstance(value[0], dict):
                    for matrix in value:
                        for outcome in (
                            "true_positives",
                            "false_positives",
                            "true_negatives",
                            "false_negatives",
                        ):
                            camel = outcome.replace("_n", "N").replace("_p", "P")
                            yield (
                                (*place, f"{metric}/{outcome}", of, matrix["threshold"]),
                                matrix.get(camel, 0),
                            )
                else:
                    for number, one in enumerate(value if isinstance(value, list) else [value]):
                        yield (*place, metric, of, number), float(one)


def test_every_figure_is_theirs(both):
    ours, theirs = both
    averages = {"micro_average": "micro average", "macro_average": "macro average"}
    table = ours.metrics[ours.metrics["model"] != "difference"]
    about = table[["slice", "model", "metric", "of_class"]]
    found = {}
    for key, threshold, value in zip(
        about.itertuples(index=False), table["threshold"], table["value"], strict=True
    ):
        found.setdefault(tuple(key), {})[threshold if threshold == threshold else None] = value
    checked = 0
    for (at, model, metric, of, which), value in flat(theirs):
        of = averages.get(of, of.removeprefix("class "))
        # They call the weighted average macro, too.
        of = "weighted macro average" if metric == "share_recall" else of
        values = found[at, model, metric, of]
        got = values[which] if isinstance(which, float) else list(values.values())[which]
        tolerance = IN_FLOAT32.get(metric, 1e-12) * max(1, abs(value))
        assert got == pytest.approx(value, abs=tolerance, nan_ok=True), (at, metric)
        checked += 1
    assert checked == len(table)


def test_every_threshold_holds_or_fails_as_theirs_does(both):
    ours, theirs = both
    failed = ours.validation[~ours.validation["passed"]]
    found = {
        (row["slice"], row["metric"], row["rule"].startswith("change"))
        for _, row in failed.iterrows()
        if not row["message"].startswith("no such")
    }
    # Of a slice with too few rows they report all thresholds, also those for other slices.
    expected = {
        (at, name, change)
        for at, name, change, message in theirs["validation"]["failures"]
        if (name, message) != ("example_count", "Metric not found.")
    }
    assert found == expected
    missing = failed[failed["message"].str.startswith("no such")]["slice"].tolist()
    assert missing == [
        ", ".join(f"{name} {value}" for name, value in one["featureValues"].items())
        for one in theirs["validation"]["missing"]
    ]
    assert ours.passed == theirs["validation"]["passed"]


def test_a_difference_is_the_models_figure_less_the_baselines(rows):
    table = tfma(EvalConfig.read(THEIRS / "binary.config.json"), rows, LABEL).metrics
    parts = {model: part.reset_index() for model, part in table.groupby("model")}
    gap = parts["candidate"]["value"] - parts["baseline"]["value"]
    np.testing.assert_array_equal(parts["difference"]["value"], gap)


def test_parquet_in_batches_gives_the_same(rows, tmp_path, monkeypatch):
    config = EvalConfig.read(THEIRS / "binary.config.json")
    whole = tfma(config, rows, LABEL)
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pandas(rows), file, row_group_size=50)
    monkeypatch.setattr("mlflow_prod.data.batches.ROWS", 33)
    found = tfma(config, file, LABEL)
    pd.testing.assert_frame_equal(found.metrics, whole.metrics, rtol=1e-12)
    pd.testing.assert_frame_equal(found.validation, whole.validation, rtol=1e-12)


def test_of_many_slices_areas_are_within_their_bound():
    rng = np.random.default_rng(0)
    n = 30_000
    label = rng.integers(0, 2, n)
    table = pd.DataFrame(
        {
            "shop": rng.integers(0, 300, n),
            "label": label,
            "score": 1 / (1 + np.exp(-(label - 0.5 + rng.normal(size=n)))),
        }
    )
    found = run(table, spec("AUC", "AUCPrecisionRecall"), slices=[{"feature_keys": ["shop"]}]).metrics
    assert found.groupby("metric").size().tolist() == [300, 300]
    peers = {"auc": metrics.roc_auc_score, "auc_precision_recall": metrics.average_precision_score}
    by_slice = found.set_index(["slice", "metric"])[["value", "bound"]].T.to_dict("list")
    for shop, part in table.groupby("shop"):
        for metric, peer in peers.items():
            value, bound = by_slice[f"shop {shop}", metric]
            assert abs(value - peer(part["label"], part["score"])) <= bound + 1e-12
    assert (found["bound"] > 0).any()


def test_labels_may_be_texts(rows):
    table = rows.assign(label=np.where(rows["label"] == 1, "yes", "no"))
    found = run(table, spec("AUC", "MeanLabel", "Calibration"), task=Task("binary", "label", ("no", "yes")))
    expected = run(rows, spec("AUC", "MeanLabel", "Calibration"))
    pd.testing.assert_frame_equal(found.metrics, expected.metrics)


def test_shares_means_and_areas_have_intervals(rows):
    found = run(rows, spec("Precision", "MeanPrediction", "MeanSquaredError", "AUC", "RootMeanSquaredError"))
    table = found.metrics.set_index("metric")
    assert (table["low"] < table["value"]).all() and (table["value"] < table["high"]).all()
    half = 1.959963984540054 * rows["score"].std() / math.sqrt(len(rows))
    assert table["high"]["mean_prediction"] == pytest.approx(rows["score"].mean() + half, abs=1e-12)


def test_a_class_that_is_missing_leaves_its_figures_unknown_and_fails():
    table = pd.DataFrame({"label": [1, 1, 0], "score": [0.2, 0.9, 0.4], "sex": ["f", "f", "m"]})
    held = {"class_name": "AUC", "threshold": {"value_threshold": {"lower_bound": 0}}}
    found = run(
        table,
        {"metrics": [held, {"class_name": "Specificity"}, {"class_name": "Recall"}]},
        slices=[{"feature_keys": ["sex"]}],
    )
    values = found.metrics.set_index(["metric", "slice"])["value"]
    assert np.isnan([values["auc", "sex f"], values["specificity", "sex f"], values["recall", "sex m"]]).all()
    assert values["recall", "sex f"] == 0.5
    assert not found.passed
    assert found.validation["message"].tolist() == ["no value", "no value"]


def test_thresholds_beyond_the_scores_choose_all_or_none(rows):
    config = {"class_name": "TruePositives", "config": json.dumps({"thresholds": [-0.1, 0, 1, 1.5]})}
    found = run(rows, {"metrics": [config]}).metrics["value"]
    assert found.tolist() == [rows["label"].sum(), rows["label"].sum(), 0, 0]


def test_a_row_counts_in_each_class_of_a_micro_average(rows):
    found = run(rows, spec("Precision", aggregate={"micro_average": True}), task=KIND, score=PARTS)
    chosen = rows[PARTS].to_numpy() > 0.5
    hits = chosen & (rows["kind"].to_numpy()[:, None] == np.arange(3))
    assert found.metrics["value"].item() == pytest.approx(hits.sum() / chosen.sum(), abs=1e-12)


def test_thresholds_of_a_metrics_spec_are_by_the_name_of_a_figure(rows):
    name = "fairness_indicators_metrics/false_positive_rate@0.50"
    limits = {name: {"value_threshold": {"upper_bound": 0.01}}}
    config = {"class_name": "FairnessIndicators", "config": '{"thresholds": [0.25, 0.5]}'}
    found = run(rows, {"metrics": [config], "thresholds": limits}).validation
    assert found[["metric", "threshold", "rule", "passed"]].values.tolist() == [[name, 0.5, "<= 0.01", False]]


def test_a_missing_value_is_a_slice(rows):
    table = rows.assign(sex=rows["sex"].where(rows.index >= 7))
    found = run(table, spec("ExampleCount"), slices=[{"feature_keys": ["sex"]}]).metrics
    assert found.set_index("slice")["value"]["sex missing"] == 7


def test_one_weight_is_for_the_rows_another_for_none(rows):
    model = {"example_weight_key": "weight", "prediction_key": "score"}
    both = {"example_weights": {"weighted": True, "unweighted": True}}
    found = run(rows, spec("BinaryAccuracy", **both), score="", model_specs=[model]).metrics
    hit = (rows["score"] > 0.5) == (rows["label"] == 1)
    expected = [np.average(hit, weights=rows["weight"]), hit.mean()]
    assert found["value"].tolist() == pytest.approx(expected, abs=1e-12)
    assert found["weighted"].tolist() == [True, False]


def test_a_metric_of_two_specs_is_shown_once_and_held_to_both(rows):
    held = [
        {"class_name": "AUC", "threshold": {"value_threshold": {name: 0.5}}}
        for name in ("lower_bound", "upper_bound")
    ]
    found = run(rows, *({"metrics": [one]} for one in held))
    assert len(found.metrics) == 1
    assert found.validation[["rule", "passed"]].values.tolist() == [[">= 0.5", True], ["<= 0.5", False]]


def test_a_change_of_what_the_baseline_is_not_asked_for_fails(rows):
    asked = spec(model_names=["candidate"]) | {"metrics": [{"class_name": "AUC", "threshold": CHANGE}]}
    found = run(rows, asked, model_specs=[{}, {"is_baseline": True, "prediction_key": "other"}])
    assert found.metrics["model"].tolist() == ["candidate"]
    assert found.validation["message"].tolist() == ["no value"]
    assert not found.passed


CHANGE = {"change_threshold": {"direction": "HIGHER_IS_BETTER", "absolute": 0}}


@pytest.mark.parametrize(
    ("specs", "fields", "said"),
    [
        ([spec("AUK")], {}, "a metric that this package has, too .did you mean 'AUC'.*'AUK'"),
        ([spec("NDCG")], {}, "NDCG"),
        ([], {}, "metrics_specs must be given"),
        ([spec("SparseCategoricalAccuracy")], {}, "asked of classes"),
        ([spec("AUC", binarize={"class_ids": {"values": [0]}})], {}, "more than two classes"),
        ([spec("AUC")], {"task": KIND, "score": PARTS}, "give binarize or aggregate"),
        ([spec("MeanLabel")], {"task": KIND, "score": PARTS}, "give binarize or aggregate"),
        (
            [spec("AUC", binarize={"class_ids": {"values": [3]}})],
            {"task": KIND, "score": PARTS},
            "class ids must be 0 to 2, got 3",
        ),
        ([{"metrics": [{"class_name": "AUC", "config": '{"top_k": 2}'}]}], {}, "config of AUC.*'top_k': 2"),
        (
            [{"metrics": [{"class_name": "AUC", "config": '{"curve": "LIFT"}'}]}],
            {},
            "curve of AUC must be one",
        ),
        (
            [{"metrics": [{"class_name": "AUC", "config": '{"num_thresholds": 1}'}]}],
            {},
            "num_thresholds of AUC",
        ),
        (
            [{"metrics": [{"class_name": "MeanLabel", "config": '{"thresholds": 1}'}]}],
            {},
            "nothing besides name",
        ),
        ([spec("ConfusionMatrixAtThresholds")], {}, "must be a list of numbers"),
        ([{"metrics": [{"class_name": "AUC", "threshold": CHANGE}]}], {}, "baseline must be given"),
        (
            [{"metrics": [{"class_name": "FairnessIndicators", "threshold": CHANGE}]}],
            {},
            "thresholds of the metrics_spec",
        ),
        ([spec("AUC", thresholds={"auk": CHANGE})], {}, "did you mean 'auc'"),
        ([spec("AUC", model_names=["x"])], {}, "model_names"),
        ([spec("AUC", example_weights={})], {}, "example_weights must be weighted"),
        (
            [spec("AUC"), {"metrics": [{"class_name": "Recall", "config": '{"name": "auc"}'}]}],
            {},
            "name them apart",
        ),
        ([spec("AUC")], {"score": ""}, "no prediction_key of candidate"),
        ([spec("AUC")], {"model_specs": [{"label_key": "kind"}]}, "label_key must be the task's target"),
        (
            [spec("AUC")],
            {"model_specs": [{"name": "a"}, {"name": "b"}]},
            "one model and at most one baseline",
        ),
        (
            [spec("AUC")],
            {"model_specs": [{"label_key": "label"}, {"label_key": "kind", "is_baseline": True}]},
            "label_key must be the same for every model",
        ),
    ],
)
def test_what_cannot_be_run_is_said(rows, specs, fields, said):
    with pytest.raises(InvalidParameter, match=said):
        run(rows, *specs, **fields)


@pytest.mark.parametrize(
    ("change", "slices", "said"),
    [
        ({"score": np.nan}, [{}], "finite"),
        ({"score": 1.5}, [{}], "between 0 and 1"),
        ({"label": 2}, [{}], "classes 0, 1"),
        ({}, [{"feature_keys": ["nobody"]}], "no column 'nobody'"),
        ({"age": np.arange(5_000)}, [{"feature_keys": ["age"]}], "age has more than 4,096 slices"),
    ],
)
def test_rows_that_cannot_be_measured_are_said(rows, change, slices, said):
    table = pd.concat([rows] * 21, ignore_index=True)[:5_000].assign(**change)
    with pytest.raises(DataError, match=said):
        run(table, spec("AUC"), slices=slices)


def test_a_table_without_rows_is_said(rows):
    with pytest.raises(DataError, match="no rows"):
        run(rows[:0], spec("AUC"))


def test_a_spark_table_gives_the_same(rows, spark):
    config = EvalConfig.read(THEIRS / "binary.config.json")
    frame = spark.createDataFrame(pa.Table.from_pandas(rows, preserve_index=False)).repartition(3)
    found, here = tfma(config, frame, LABEL), tfma(config, rows, LABEL)
    pd.testing.assert_frame_equal(found.metrics, here.metrics, rtol=1e-12)
    pd.testing.assert_frame_equal(found.validation, here.validation, rtol=1e-12)

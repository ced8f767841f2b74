import warnings

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import EvaluationResult
from mlflow.models.evaluation.evaluator_registry import _model_evaluation_registry as evaluators
from sklearn import datasets, metrics
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.evidence import digest_of_folder
from mlflow_prod.plugins.evaluator import ProdEvaluator
from mlflow_prod.tracking import collect, resolve


@pytest.fixture(autouse=True)
def registered(workplace):
    # A checkout that was not installed anew has no such entry point yet.
    if not evaluators.is_registered("prod"):
        evaluators.register("prod", ProdEvaluator)


def measured(model, data, kind="classifier", config=None, **how):
    how = {"targets": "y", **how}
    with mlflow.start_run():
        return mlflow.models.evaluate(
            model, data, model_type=kind, evaluators="prod", evaluator_config=config, **how
        )


@pytest.fixture(scope="module")
def tumours():
    frame = datasets.load_breast_cancer(as_frame=True).frame.rename(columns={"target": "y"})
    return frame.assign(
        y=np.where(frame["y"] == 1, "benign", "malignant"),
        size=np.where(frame["mean area"] > 600, "large", "small"),
    )


@pytest.fixture(scope="module")
def classifier(tumours):
    rows = tumours.drop(columns=["y", "size"])[:300]
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, tumours["y"][:300])


@pytest.fixture
def logged(classifier, tumours):
    rows = tumours.drop(columns=["y", "size"])
    signature = mlflow.models.infer_signature(rows, ["benign"])
    return mlflow.sklearn.log_model(classifier, name="m", signature=signature, pip_requirements=["mlflow"])


def expected(classifier, rows):
    """What scikit-learn makes of the same rows."""
    truth, inputs = rows["y"], rows.drop(columns=["y", "size"])
    said, positive = classifier.predict(inputs), classifier.predict_proba(inputs)[:, 1]
    return {
        "accuracy": metrics.accuracy_score(truth, said),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, said),
        "auc": metrics.roc_auc_score(truth == "malignant", positive),
        "log_loss": metrics.log_loss(truth == "malignant", positive),
        "brier": metrics.brier_score_loss(truth == "malignant", positive),
        "true_positive_rate": metrics.recall_score(truth, said, pos_label="malignant"),
    }


def test_a_logged_model_is_measured_by_slice(logged, classifier, tumours):
    result = measured(logged.model_uri, tumours, config={"slices": ["size"]})
    for name, value in expected(classifier, tumours).items():
        assert result.metrics[name] == pytest.approx(value, abs=1e-7)
    for size in ("large", "small"):
        for name, value in expected(classifier, tumours[tumours["size"] == size]).items():
            assert result.metrics[f"slice/size/{size}/{name}"] == pytest.approx(value, abs=1e-7)
    run = mlflow.get_run(result.run_id)
    assert result.metrics.items() <= run.data.metrics.items()
    table = pd.DataFrame(**result.artifacts["tables/slices"].content)
    assert {"all rows", "size large", "size small"} == set(table["slice"])
    assert result.artifacts["plots/slices"].content.size[0] > 100


def test_evidence_is_about_the_files_that_mlflow_loaded(logged, tumours):
    result = measured(logged.model_uri, tumours, config={"slices": ["size"]})
    digest = resolve(logged.model_uri).digest
    found = {one.evidence.check: one.evidence for one in collect(logged.model_id, digest)}
    assert set(found) == {"evaluation", "fairness"}
    assert {one.run_id for one in found.values()} == {result.run_id}
    by_title = {measure.title: measure.value for one in found.values() for measure in one}
    assert by_title == pytest.approx(result.metrics, rel=1e-5)


def test_a_saved_result_is_loaded_again(logged, tumours, tmp_path):
    result = measured(logged.model_uri, tumours)
    result.save(str(tmp_path / "saved"))
    again = EvaluationResult.load(str(tmp_path / "saved"))
    assert again.metrics == result.metrics
    assert set(again.artifacts) == set(result.artifacts)
    assert again.artifacts["tables/slices"].content == result.artifacts["tables/slices"].content


def test_pyfunc_models_functions_and_predictions_answer_alike(logged, classifier, tumours):
    whole = measured(logged.model_uri, tumours).metrics
    assert measured(mlflow.pyfunc.load_model(logged.model_uri), tumours).metrics == whole
    inputs = tumours.drop(columns=["y", "size"])
    positive = classifier.predict_proba(inputs)[:, 1]

    def function(rows):
        return classifier.predict_proba(rows.drop(columns="size"))

    assert measured(function, tumours).metrics == pytest.approx(whole, rel=1e-12)
    static = tumours.assign(p=positive)
    assert measured(None, static, predictions="p").metrics == pytest.approx(whole, rel=1e-12)
    dataset = mlflow.data.from_pandas(static, targets="y", predictions="p")
    assert measured(None, dataset, targets=None).metrics == pytest.approx(whole, rel=1e-12)
    # Anybody's answers are no evidence.
    runs = mlflow.search_runs(output_format="list")
    evidence = [mlflow.MlflowClient().list_artifacts(run.info.run_id, "evidence") for run in runs]
    assert sum(map(bool, evidence)) == 2


def test_a_function_whose_model_id_is_claimed_makes_no_evidence(logged, classifier, tumours):
    def function(rows):
        return ["benign"] * len(rows)

    measured(function, tumours, model_id=logged.model_id)
    assert collect(logged.model_id, digest_of_folder(resolve(logged.model_uri).folder)) == ()


def test_classes_alone_give_figures_of_classes(classifier, tumours):
    result = measured(lambda rows: classifier.predict(rows.drop(columns="size")), tumours)
    assert set(result.metrics) == {
        "accuracy",
        "balanced_accuracy",
        "f1",
        "positive_rate",
        "true_positive_rate",
        "false_positive_rate",
    }
    wanted = expected(classifier, tumours)
    assert result.metrics["accuracy"] == wanted["accuracy"]
    assert "plots/calibration" not in result.artifacts
    assert "classes only" in mlflow.get_run(result.run_id).data.tags["remark"]


def test_one_column_of_a_models_table_can_be_named(classifier, tumours):
    def function(rows):
        positive = classifier.predict_proba(rows.drop(columns="size"))[:, 1]
        return pd.DataFrame({"risk": positive, "probability": 1 - positive})

    found = measured(function, tumours, predictions="risk").metrics
    assert found["auc"] == pytest.approx(expected(classifier, tumours)["auc"], abs=1e-7)
    with pytest.raises(DataError, match="no column 'rsk'"):
        measured(function, tumours, predictions="rsk")


def test_the_positive_class_and_weights_are_as_said(logged, classifier, tumours):
    weight = np.random.default_rng(0).uniform(0.5, 2, len(tumours))
    inputs = tumours.drop(columns=["y", "size"])
    benign = classifier.predict_proba(inputs)[:, 0]
    auc = metrics.roc_auc_score(tumours["y"] == "benign", benign, sample_weight=weight)
    by_array = measured(logged.model_uri, tumours, config={"pos_label": "benign", "sample_weights": weight})
    assert by_array.metrics["auc"] == pytest.approx(auc, abs=1e-7)
    by_name = measured(
        lambda rows: classifier.predict_proba(rows.drop(columns="size")),
        tumours.assign(mass=weight),
        config={"pos_label": "benign", "sample_weights": "mass"},
    )
    assert by_name.metrics == pytest.approx(by_array.metrics, rel=1e-9)


def test_a_class_that_the_data_lack_can_be_listed(tumours):
    frame = tumours.assign(y="benign")
    with pytest.raises(DataError, match="one class only"):
        measured(lambda rows: ["benign"] * len(rows), frame)
    found = measured(
        lambda rows: ["benign"] * len(rows), frame, config={"label_list": ["malignant", "benign"]}
    )
    assert found.metrics["accuracy"] == 1 and "false_positive_rate" not in found.metrics


def test_another_model_is_compared_with_on_the_same_rows(logged, classifier, tumours):
    rows = tumours.drop(columns=["y", "size"])
    bayes = GaussianNB().fit(rows[:300], tumours["y"][:300])
    theirs = mlflow.sklearn.log_model(
        bayes,
        name="b",
        signature=mlflow.models.infer_signature(rows, ["benign"]),
        pip_requirements=["mlflow"],
    )
    found = measured(logged.model_uri, tumours, config={"against": theirs.model_uri}).metrics
    for name in ("accuracy", "auc", "brier"):
        gap = expected(classifier, tumours)[name] - expected(bayes, tumours)[name]
        assert found[f"versus/{name}"] == pytest.approx(gap, abs=1e-6)
    (evidence, _) = collect(logged.model_id, resolve(logged.model_uri).digest)
    against = {measure.against for measure in evidence.evidence} - {""}
    assert against == {resolve(theirs.model_uri).digest}


def test_several_classes_from_arrays():
    bunch = datasets.load_digits()
    model = LogisticRegression(max_iter=50).fit(bunch.data[:900], bunch.target[:900])
    rows, truth = bunch.data[900:], bunch.target[900:]
    found = measured(model.predict_proba, rows, targets=truth).metrics
    assert found["accuracy"] == metrics.accuracy_score(truth, model.predict(rows))
    # As of float32, in which models answer.
    loss = metrics.log_loss(truth, model.predict_proba(rows).astype(np.float32))
    assert found["log_loss"] == pytest.approx(loss, rel=1e-5)
    assert found["recall/7"] == metrics.recall_score(truth, model.predict(rows), labels=[7], average="macro")


def test_numbers():
    frame = datasets.load_diabetes(as_frame=True).frame.rename(columns={"target": "y"})
    frame["group"] = np.where(frame["sex"] > 0, "b", "a")
    rows = frame.drop(columns=["y", "group"])
    ridge = Ridge().fit(rows, frame["y"])
    found = measured(
        lambda given: ridge.predict(given.drop(columns="group")), frame, "regressor", {"slices": ["group"]}
    ).metrics
    assert found["r2"] == pytest.approx(metrics.r2_score(frame["y"], ridge.predict(rows)))
    part = frame["group"] == "a"
    mae = metrics.mean_absolute_error(frame["y"][part], ridge.predict(rows[part]))
    assert found["slice/group/a/mae"] == pytest.approx(mae)


def test_it_stands_beside_mlflows_own(classifier, tumours):
    with mlflow.start_run(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = mlflow.models.evaluate(
            lambda rows: classifier.predict(rows.drop(columns="size")),
            tumours,
            targets="y",
            model_type="classifier",
            evaluators=["default", "prod"],
            evaluator_config={"default": {"pos_label": "malignant"}, "prod": {"slices": ["size"]}},
        ).metrics
    assert found["accuracy_score"] == found["accuracy"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"slice": ["size"]}, "spelt 'slices'"),
        ({"slices": "size"}, "a list"),
        ({"slices": ["sise"]}, "did you mean 'size'"),
        ({"pos_label": "bad"}, "no class 'bad'"),
        ({"sample_weights": [1.0, 2.0]}, "a weight for each of the 569 rows"),
        ({"sample_weights": "size"}, "must hold numbers"),
        ({"against": "models:/m-none"}, "m-none"),
    ],
)
def test_a_config_that_means_nothing_is_refused(tumours, config, message):
    with pytest.raises((DataError, InvalidParameter, ModelError, mlflow.MlflowException), match=message):
        measured(lambda rows: ["benign"] * len(rows), tumours, config=config)


def test_what_belongs_to_other_evaluators_is_left_to_them(tumours):
    config = {"log_model_explainability": False, "metric_prefix": "x_"}
    assert measured(lambda rows: ["benign"] * len(rows), tumours, config=config).metrics


def test_models_of_other_types_are_left_to_others():
    assert not ProdEvaluator.can_evaluate(model_type="question-answering", evaluator_config={})
    assert ProdEvaluator.can_evaluate(model_type="regressor", evaluator_config={})

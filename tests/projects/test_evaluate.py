import json
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.artifacts import load_dict
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlflow_prod.data import load
from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.evidence import EVIDENCE_TAG
from projects.evaluate import evaluate
from projects.source import Source

TUMOURS = Source(data="breast_cancer")
# Answers by columns of the loans that everybody has.
CODE = """
import mlflow, pandas

class Rule(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        score = (model_input["credit_score"] / 850).clip(0, 1)
        return {answer}

mlflow.models.set_model(Rule())
"""
DECIDED = "(score > 0.7).map({True: 'yes', False: 'no'})"
BOTH = "pandas.DataFrame({'prediction': (score > 0.7).map({True: 'yes', False: 'no'}), 'probability': score})"


def ruled(answer):
    """A pyfunc model that answers so, logged as code."""
    Path("rule.py").write_text(CODE.replace("{answer}", answer))
    return mlflow.pyfunc.log_model(name="rule", python_model="rule.py", pip_requirements=["mlflow"])


def found(evidence):
    return {measure.title: measure.value for record in evidence for measure in record if not measure.against}


def last_run():
    return mlflow.search_runs(order_by=["start_time DESC"], max_results=1, output_format="list")[0]


def test_alone_it_finds_what_the_maker_found(home):
    reference = home.made("compress")
    evidence = {record.check: record for record in evaluate(reference.uri)}
    assert set(evidence) == {"evaluation", "fairness"}
    metrics = home.run_of("compress").data.metrics
    for record in evidence.values():
        assert record.subject == reference.digest
        assert {measure.title: measure.value for measure in record}.items() <= metrics.items()


def test_evidence_for_a_registered_version_reaches_the_registry(home):
    from projects.register import register

    version = register(home.made("compress").uri, "evaluated")
    before = mlflow.MlflowClient().get_model_version("evaluated", version).tags["mlflow_prod.evidence"]
    evaluate(f"models:/evaluated/{version}")
    after = mlflow.MlflowClient().get_model_version("evaluated", version).tags["mlflow_prod.evidence"]
    assert "evaluation" in before and "evaluation" in after


def test_two_models_are_compared_on_the_same_rows(home):
    small, large = home.made("compress"), home.made("train")
    evidence = {record.check: record for record in evaluate(small.uri, against=large.uri)}
    gaps = {measure.name: measure for measure in evidence["evaluation"] if measure.against}
    assert set(gaps) == {"accuracy", "auc", "log_loss", "brier"}
    assert {gap.against for gap in gaps.values()} == {large.digest}
    both = (home.run_of(name).data.metrics["auc"] for name in ("compress", "train"))
    assert gaps["auc"].value == pytest.approx(next(both) - next(both), abs=1e-6)
    run = mlflow.search_runs(order_by=["start_time DESC"], max_results=1, output_format="list")[0]
    assert run.data.metrics["versus/auc"] == gaps["auc"].value


def test_a_scikit_learn_model_is_measured_as_scikit_learn_would(home):
    dataset = load("breast_cancer", raw=True)
    words = np.array(dataset.task.classes)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(dataset.train.raw, words[dataset.train.target])
    logged = mlflow.sklearn.log_model(model, name="sk", pip_requirements=["mlflow"])
    version = mlflow.register_model(logged.model_uri, "tumours").version
    evidence = evaluate(f"models:/tumours/{version}", TUMOURS)
    assert "evaluation" in mlflow.MlflowClient().get_model_version("tumours", version).tags[EVIDENCE_TAG]
    values = found(evidence)
    positive = model.predict_proba(dataset.test.raw)[:, list(model.classes_).index("malignant")]
    truth = dataset.test.target
    assert values["accuracy"] == metrics.accuracy_score(truth, positive >= 0.5)
    assert values["auc"] == pytest.approx(metrics.roc_auc_score(truth, positive), abs=1e-9)
    assert values["brier"] == pytest.approx(metrics.brier_score_loss(truth, positive), rel=1e-9)
    assert {record.data for record in evidence} == {dataset.test.digest}
    table = load_dict(f"runs:/{last_run().info.run_id}/tables/slices.json")
    assert len(table["data"]) == len(values)


def test_a_pickled_model_needs_trust(home):
    logged = ruled(DECIDED)
    with pytest.raises(ModelError, match=rf"{logged.model_uri}: .*trust=true"):
        evaluate(logged.model_uri, Source(data="loans?rows=4000", seed=1))


def test_classes_alone_are_measured_and_compared_by_classes(home):
    logged, ours = ruled(DECIDED), home.made("compress")
    # Without data: those that the other model was made with, the same rows held out.
    values = found(evaluate(logged.model_uri, against=ours.uri, trust=True))
    assert values["accuracy"] > 0.5
    assert "gap/sex/positive_rate" in values and "slice/sex/Female/accuracy" in values
    assert not [name for name in values if name.endswith(("auc", "log_loss", "brier"))]
    run = last_run()
    assert [name for name in run.data.metrics if name.startswith("versus/")] == ["versus/accuracy"]
    artifacts = {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id, "plots")}
    assert {"plots/slices.png", "plots/confusion.png"} <= artifacts
    assert not artifacts & {"plots/calibration.png", "plots/thresholds"}
    assert "classes only" in run.data.tags["remark"]


def test_a_table_of_both_is_measured_by_its_probabilities_and_told_of(home):
    logged, ours = ruled(BOTH), home.made("compress")
    evidence = {record.check: record for record in evaluate(ours.uri, against=logged.model_uri, trust=True)}
    gaps = {measure.name: measure for measure in evidence["evaluation"] if measure.against}
    assert set(gaps) == {"accuracy", "auc", "log_loss", "brier"}
    rows = load("loans?rows=4000", seed=1, raw=True).test
    theirs = metrics.roc_auc_score(rows.target, rows.raw["credit_score"])
    assert gaps["auc"].value == pytest.approx(home.run_of("compress").data.metrics["auc"] - theirs, abs=1e-5)


def test_all_rows_of_data_that_a_model_has_not_seen(home):
    ours = home.made("compress").uri
    new = Source(data="loans?rows=400&batch=3")
    evidence = evaluate(ours, new, part="all")
    whole = {measure.n for measure in evidence[0] if not measure.slice}
    assert whole == {400}
    with pytest.raises(InvalidParameter, match=r"part must be test, since .* was trained on other rows"):
        evaluate(ours, part="all")


def test_a_model_of_others_does_not_know_its_data(home):
    with pytest.raises(InvalidParameter, match="data must be"):
        evaluate(ruled(DECIDED).model_uri, trust=True)


def test_parquet_is_measured_a_part_at_a_time_as_it_is_at_once(home, tmp_path, monkeypatch):
    ours = home.made("compress").uri
    data = load("loans?rows=3000&batch=3")
    rows = data.whole
    table = rows.features.assign(**{data.task.target: np.array(data.task.classes)[rows.target]})
    for at in range(3):
        table[at * 1_000 : (at + 1) * 1_000].to_parquet(tmp_path / f"{at}.parquet")
    whole = found(
        evaluate(ours, Source(data=str(tmp_path), target="repaid", protected="sex,age"), part="all")
    )
    monkeypatch.setattr("mlflow_prod.data.batches.ROWS", 700)
    parts = found(evaluate(ours, Source(data=str(tmp_path)), part="all"))
    assert parts == pytest.approx(whole, rel=1e-9) and len(parts) > 20


def test_slices_expressions_people_and_a_config_of_tfma_are_taken(home, tmp_path):
    config = {
        "slicing_specs": [{}, {"feature_keys": ["sex"]}],
        "metrics_specs": [
            {
                "metrics": [
                    {"class_name": "ExampleCount"},
                    {"class_name": "AUC", "threshold": {"value_threshold": {"lower_bound": 0.99}}},
                ]
            }
        ],
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    evidence = evaluate(
        home.made("compress").uri,
        slices="purpose",
        where="income > 3000 and sex == 'Female'",
        human="accuracy=0.99",
        eval_config=str(tmp_path / "config.json"),
    )
    run = last_run()
    (judged,) = (record for record in evidence if record.check == "eval_config")
    assert {measure.name: measure.value for measure in judged}["passed"] == 0
    assert run.data.metrics["eval_config/passed"] == 0
    tables = {
        name: pd.DataFrame(**load_dict(f"{run.info.artifact_uri}/tables/{name}.json"))
        for name in ("every_slice", "references", "tfma_metrics", "tfma_validation")
    }
    assert tables["every_slice"]["slice"].str.contains("income > 3000 and sex == 'Female' True").any()
    assert tables["every_slice"]["slice"].str.contains("purpose").any()
    people = tables["references"].set_index("model").loc["human level"]
    assert people["accuracy"] == 0.99
    assert set(tables["tfma_metrics"]["metric"]) == {"example_count", "auc"}
    assert not tables["tfma_validation"]["passed"].all()


def test_a_column_to_slice_by_that_is_not_there_is_named(home):
    with pytest.raises(DataError, match="no column 'purpos' to slice by: did you mean 'purpose'"):
        evaluate(home.made("compress").uri, slices="purpos")


def test_a_file_is_read_as_the_model_has_learnt_to(home, tmp_path):
    data = load("loans?rows=600&batch=3")
    table = data.whole.features.assign(**{data.task.target: np.array(data.task.classes)[data.whole.target]})
    table.to_csv(tmp_path / "new.csv", index=False)
    evidence = evaluate(home.made("compress").uri, Source(data=str(tmp_path / "new.csv")), part="all")
    assert {measure.n for measure in evidence[0] if not measure.slice} == {600}
    assert {cut[0][0] for cut in (measure.slice for measure in evidence[1]) if cut} == {"sex", "age"}
    table.assign(income="much").to_csv(tmp_path / "texts.csv", index=False)
    with pytest.raises(DataError, match="income"):
        evaluate(home.made("compress").uri, Source(data=str(tmp_path / "texts.csv")), part="all")

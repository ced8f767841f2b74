import json
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.artifacts import load_dict, load_text
from scipy.stats import ttest_rel
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlflow_prod import encoder, models
from mlflow_prod.data import load
from mlflow_prod.errors import DataError, InvalidParameter, ModelError
from mlflow_prod.models import KerasModel, build
from projects.distill import distill
from projects.entry_point import launch
from projects.source import Source

TUMOURS = Source(data="breast_cancer")
QUICK = {"units": "8", "epochs": 2, "shrink": 0.5, "seeds": 1}


def last_run(condition="tags.model_uri != ''"):
    wanted = f"tags.entry_point = 'distill' and {condition}"
    return mlflow.search_runs(
        filter_string=wanted, order_by=["start_time DESC"], max_results=1, output_format="list"
    )[0]


def paths(run, folder):
    return {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id, folder)}


def words(dataset):
    return np.array(dataset.task.classes)[dataset.train.target]


def fitted(estimator, data):
    """The URI of a scikit-learn model, fitted on the training rows of some data, and these."""
    dataset = load(data, raw=True)
    rows, target = dataset.train.raw, dataset.train.target
    if dataset.task.classes:
        target = np.array(dataset.task.classes)[target]
    model = estimator.fit(rows.select_dtypes("number"), target)
    return mlflow.sklearn.log_model(model, name="teacher", pip_requirements=["mlflow"]).model_uri, dataset


def untrained(source):
    """The URI of a network of ours that says it was trained on some data."""
    dataset = source.load()
    encode = encoder.fit(dataset.train, dataset.schema)
    model = KerasModel(build(encode.shape, dataset.task, units="4"), encode, dataset.task)
    metadata = {"source": source.to_dict(), "train_digest": dataset.train.digest}
    return models.log_model(model, "teacher", metadata=metadata).model_uri


def test_the_student_is_smaller_and_compared_with_its_teacher(home):
    metrics = home.run_of("distill").data.metrics
    assert metrics["compression_ratio"] > 1
    assert 0.5 < metrics["agreement"] <= 1


def test_the_student_is_compared_with_itself_trained_alone(home):
    run, reference = home.run_of("distill"), home.made("distill")
    table = load_dict(f"runs:/{run.info.run_id}/tables/distillation.json")
    seeds, teacher, alone, taught = (np.array(column) for column in zip(*table["data"], strict=True))
    assert table["columns"] == ["seed", "teacher", "alone", "distilled"]
    assert list(seeds) == [1, 2, 3, 4, 5]
    metrics = run.data.metrics
    assert metrics["gain/accuracy"] == pytest.approx((taught - alone).mean(), abs=1e-9)
    assert metrics["accuracy/alone"] == pytest.approx(alone.mean())
    assert metrics["accuracy"] == pytest.approx(taught[0])
    assert set(teacher) == {metrics["accuracy/teacher"]}
    assert metrics["accuracy/teacher"] == pytest.approx(home.run_of("train").data.metrics["accuracy"])
    record = json.loads(load_text(f"runs:/{run.info.run_id}/evidence/distillation.json"))
    assert record["subject"] == reference.digest
    interval = ttest_rel(taught, alone).confidence_interval()
    found = record["measures"]
    assert found["name"][0] == "gain/accuracy"
    assert (found["low"][0], found["high"][0]) == pytest.approx((interval.low, interval.high), abs=1e-5)
    better = interval.low > 0
    said = run.data.tags["mlflow.note.content"].splitlines()[0]
    assert said.startswith("the distilled student beats itself trained alone: accuracy ") == better
    assert said.endswith(f"over 5 seeds; teacher {metrics['accuracy/teacher']:.4g}")
    assert reference.metadata["recipe"] == ("distill" if better else "distill (no better than trained alone)")
    card = load_text(f"runs:/{run.info.run_id}/model_card.md")
    assert ("no better than trained alone" in card) == (not better)


def test_the_teachers_doubts_are_drawn(home):
    assert "plots/soft_targets.png" in paths(home.run_of("distill"), "plots")


def test_a_grid_is_tried_in_child_runs_and_the_best_on_the_validation_rows_is_taken(home, capsys):
    uri = home.made("train").uri
    reference = distill(uri, temperature="1,8", hint="dense_2:dense_1", **QUICK)
    assert f"layer dense_2 of {uri} on" in capsys.readouterr().out
    run = last_run()
    assert "not compared with itself trained alone" in run.data.tags["mlflow.note.content"]
    children = mlflow.search_runs(
        filter_string=f"tags.`mlflow.parentRunId` = '{run.info.run_id}'", output_format="list"
    )
    tried = {
        float(child.data.params["temperature"]): child.data.metrics["validation/accuracy"]
        for child in children
    }
    assert set(tried) == {1, 8}
    assert tried[float(run.data.params["best/temperature"])] == max(tried.values())
    table = load_dict(f"runs:/{run.info.run_id}/tables/settings.json")
    assert {row[0]: row[2] for row in table["data"]} == pytest.approx(tried)
    assert run.data.tags["model_uri"] == reference.uri
    names = [layer.name for layer in mlflow.keras.load_model(reference.uri).layers]
    assert names == ["input", "dense_1", "score"]


BUILDER = """
import keras

def student(shape, task):
    inner = keras.layers.Dense(6, "relu", name="inner")
    return keras.Sequential([keras.Input(shape), inner, keras.layers.Dense(1, "sigmoid")])

def three(shape, task):
    return keras.Sequential([keras.Input(shape), keras.layers.Dense(3, "softmax")])
"""


def test_a_student_of_ones_own_learns_from_a_model_of_others(home, tmp_path, monkeypatch, capsys):
    (tmp_path / "own_students.py").write_text(BUILDER)
    monkeypatch.syspath_prepend(tmp_path)
    uri, dataset = fitted(make_pipeline(StandardScaler(), LogisticRegression()), "breast_cancer")
    with pytest.raises(ModelError, match="a binary task needs a network with 1 output, got"):
        distill(uri, TUMOURS, student="own_students:three", seeds=1)
    assert (
        f"answers of {uri} to {len(dataset.train):,} training rows: asked and kept" in capsys.readouterr().out
    )
    reference = distill(uri, TUMOURS, student="own_students:student", epochs=2, seeds=1)
    assert capsys.readouterr().out.count("read from the cache") == 2
    network = mlflow.keras.load_model(reference.uri)
    assert next(layer.name for layer in network.layers) == "inner"
    assert network.count_params() == 31 * 6 + 7


def test_a_regression_is_distilled(home):
    uri, _ = fitted(LinearRegression(), "diabetes")
    distill(uri, Source(data="diabetes"), alpha="0.3", objective="mae", units="8", epochs=2, seeds=1)
    run = last_run()
    assert run.data.metrics["mae"] > 0
    assert "plots/soft_targets.png" not in paths(run, "plots")
    with pytest.raises(InvalidParameter, match="temperature must be left out for a regression"):
        distill(uri, Source(data="diabetes"), temperature="2,4")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"temperature": "0"}, "temperature must be from 0.01 to 100"),
        ({"temperature": ""}, "temperature must be numbers with commas between"),
        ({"alpha": "0.5,2"}, "alpha must be 0 <= alpha <= 1"),
        ({"seeds": "3"}, "seeds must be 1, which compares nothing, or from 5 to 1000"),
        ({"hint": "dense_1"}, "hint must be the names of two layers"),
        ({"hint": "dense_9:dense_1"}, "the teacher has no layer 'dense_9' (did you mean 'dense_"),
        ({"hint": "dense_1:dens"}, "the student has no layer 'dens' (did you mean 'dense_"),
        ({"hint": "dense_1:dense_1", "beta": "-1"}, "beta must be a number > 0"),
        ({"objective": "acuracy"}, "objective must be a measure of the task (did you mean 'accuracy'"),
        ({"student": "nowhere:student"}, "set PYTHONPATH to the folder that holds it"),
        (
            {"model_uri": "{uri},{uri}"},
            "model_uri must be one model, or several with commas between, each once",
        ),
        ({"model_uri": "{uri},"}, "model_uri must be one model, or several with commas between"),
    ],
)
def test_bad_parameters_are_one_message_and_a_failed_run(home, capsys, given, said):
    uri = home.made("train").uri
    given = {"model_uri": "{uri}", **given}
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        launch(distill, [f"--{name}={value.replace('{uri}', uri)}" for name, value in given.items()])
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert left.value.code == 1
    assert len(errors) == 1 and said in errors[0]
    run = last_run("status = 'FAILED'")
    assert errors[0] == f"error: {run.data.tags['error']}"
    assert "model_uri" not in run.data.tags and not run.outputs.model_outputs


def test_teachers_of_other_tasks_and_of_other_rows_are_named(home):
    loans, tumours = home.made("train").uri, untrained(TUMOURS)
    with pytest.raises(DataError, match=f"{tumours} was trained for the binary target 'diagnosis'"):
        distill(f"{loans},{tumours}")
    again = untrained(Source(data="breast_cancer", seed=4))
    with pytest.raises(InvalidParameter, match=f"that share their training rows, as {tumours} and {again}"):
        distill(f"{tumours},{again}")


def test_a_teacher_that_names_classes_only_is_refused(home):
    Path("rule.py").write_text(
        "import mlflow\n"
        "class Rule(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input, params=None):\n"
        "        return (model_input['mean radius'] > 14).map({True: 'malignant', False: 'benign'})\n"
        "mlflow.models.set_model(Rule())\n"
    )
    uri = mlflow.pyfunc.log_model(name="rule", python_model="rule.py", pip_requirements=["mlflow"]).model_uri
    with pytest.raises(ModelError, match=r"trust=true"):
        distill(uri, TUMOURS)
    with pytest.raises(DataError, match="answers with classes only, and a student learns from probabilities"):
        distill(uri, TUMOURS, trust=True)
    with pytest.raises(ModelError, match=f"{uri} has no layers that a hint could read"):
        distill(uri, TUMOURS, trust=True, hint="a:b")

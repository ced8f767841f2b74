"""Whoever makes a model, its run carries what a promotion will ask for."""

import json

import mlflow
import pytest
from mlflow.artifacts import load_text
from mlflow.models import Model

from mlflow_prod.evidence import Attestation, Evidence

MAKERS = ("train", "tune", "reduce", "compress", "distill", "distribute")


@pytest.fixture(params=MAKERS)
def made(request, home):
    return home.made(request.param), home.run_of(request.param)


def paths(run, folder):
    return {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id, folder)}


def test_the_tflite_file_is_there_and_runs(made):
    _, run = made
    assert paths(run, "tflite") == {"tflite/model.tflite"}
    from ai_edge_litert.interpreter import Interpreter

    Interpreter(
        mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="tflite/model.tflite")
    )


def test_plots_tables_and_card_are_there(made):
    _, run = made
    assert {"plots/shap_summary.png", "plots/slices.png"} <= paths(run, "plots")
    assert {"tables/slices.json", "tables/importance.json"} <= paths(run, "tables")
    assert "# " in load_text(f"runs:/{run.info.run_id}/model_card.md")


def test_metrics_by_protected_slice_carry_the_model_and_the_data(made):
    reference, run = made
    names = run.data.metrics
    for group in ("Female", "Male"):
        assert {f"slice/sex/{group}/true_positive_rate", f"slice/sex/{group}/accuracy"} <= set(names)
    measured = mlflow.get_logged_model(reference.model_id).metrics
    logged = {metric.key: metric for metric in measured if metric.run_id == run.info.run_id}
    assert logged["accuracy"].dataset_name == "loans?rows=4000/test"
    assert logged["accuracy"].dataset_digest
    contexts = {tag.value for given in run.inputs.dataset_inputs for tag in given.tags}
    assert contexts == {"train", "validation", "test"}


def test_evidence_is_about_the_bytes_of_the_model(made):
    reference, run = made
    files = paths(run, "evidence")
    for check in ("evaluation", "fairness", "explanation"):
        assert {f"evidence/{check}.json", f"evidence/{check}.dsse.json"} <= files
    for path in files:
        read = Attestation.from_dsse if path.endswith(".dsse.json") else Evidence.from_dict
        found = read(json.loads(load_text(f"runs:/{run.info.run_id}/{path}")))
        evidence = found.evidence if isinstance(found, Attestation) else found
        assert (evidence.subject, evidence.run_id) == (reference.digest, run.info.run_id)


def test_the_model_has_signature_example_requirements_and_baseline(made):
    reference, _ = made
    described = Model.load(reference.folder)
    assert described.signature is not None and described.saved_input_example_info is not None
    assert all("==" in line for line in (reference.folder / "requirements.txt").read_text().split())
    assert json.loads((reference.folder / "baseline.json").read_text())


def test_no_id_of_a_person_leaves_the_data(made):
    reference, run = made
    for file in reference.folder.rglob("*"):
        assert not file.is_file() or b"L000-0" not in file.read_bytes()
    for path in paths(run, "tables"):
        assert "L000-0" not in load_text(f"runs:/{run.info.run_id}/{path}")


def test_raw_rows_are_answered(made):
    reference, _ = made
    model = mlflow.pyfunc.load_model(reference.uri)
    answer = model.predict(model.input_example)
    assert set(answer["prediction"]) <= {"yes", "no"}
    assert answer["probability"].between(0, 1).all()

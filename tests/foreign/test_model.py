import json
import os
import shutil

import mlflow
import numpy as np
import pytest
import yaml
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer

from mlflow_prod.data import Task
from mlflow_prod.errors import DataError, ModelError
from mlflow_prod.evidence import digest_of_folder
from mlflow_prod.foreign import Answered, ForeignModel, Scores


def test_skops_needs_no_trust(foreign, fitted, tumours, benign):
    found = foreign(mlflow.sklearn.save_model, sk_model=fitted).answer(tumours[0])
    assert found.graded
    np.testing.assert_allclose(found.values, benign, rtol=1e-12)


def test_pickles_need_trust(foreign, fitted):
    pickled = {"sk_model": fitted, "serialization_format": "cloudpickle"}
    with pytest.raises(ModelError, match=r"the format cloudpickle.*trust=true"):
        foreign(mlflow.sklearn.save_model, **pickled)


def test_a_trusted_pickle_answers(foreign, fitted, tumours, benign):
    how = {"sk_model": fitted, "serialization_format": "pickle", "trusted": True}
    found = foreign(mlflow.sklearn.save_model, **how).answer(tumours[0])
    np.testing.assert_allclose(found.values, benign, rtol=1e-12)


def test_numbers(foreign):
    rows, amount = load_diabetes(return_X_y=True, as_frame=True)
    ridge = Ridge().fit(rows, amount)
    model = foreign(mlflow.sklearn.save_model, sk_model=ridge, task=Task("regression", "progression"))
    np.testing.assert_allclose(model.answer(rows).values, ridge.predict(rows), rtol=1e-12)


def test_types_that_nobody_knows_to_be_safe_need_trust(foreign):
    odd = FunctionTransformer(os.path.basename)
    with pytest.raises(
        ModelError, match=r"types that are not known to be safe \(posixpath.basename\).*trust"
    ):
        foreign(mlflow.sklearn.save_model, sk_model=odd, skops_trusted_types=["posixpath.basename"])


def test_a_model_cannot_declare_itself_safe(pyfunc, tmp_path):
    folder = pyfunc("1", first=f"open('{tmp_path}/ran', 'w')").folder
    (tmp_path / "ran").unlink(missing_ok=True)
    said = yaml.safe_load((folder / "MLmodel").read_text())
    said["flavors"]["sklearn"] = {"serialization_format": "skops", "pickled_model": "../outside.skops"}
    (folder / "MLmodel").write_text(yaml.safe_dump(said))
    (tmp_path / "outside.skops").write_bytes(b"")
    with pytest.raises(ModelError, match=r"no file '../outside.skops'"):
        ForeignModel(folder, digest_of_folder(folder), Task("regression", "y"))
    (folder / "broken.skops").write_bytes(b"no archive")
    said["flavors"]["sklearn"]["pickled_model"] = "broken.skops"
    (folder / "MLmodel").write_text(yaml.safe_dump(said))
    with pytest.raises(ModelError, match="cannot be read as skops"):
        ForeignModel(folder, digest_of_folder(folder), Task("regression", "y"))
    assert not (tmp_path / "ran").exists()


def test_code_runs_in_another_process_without_what_leads_to_the_stores(
    pyfunc, tumours, monkeypatch, tmp_path
):
    secrets = {
        "MLFLOW_TRACKING_TOKEN": "t",
        "MLFLOW_PROD_SIGNING_KEY": "k",
        "MLFLOW_REGISTRY_URI": "sqlite://",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLOUR", "red")
    first = f"import json; json.dump(dict(os.environ, pid=str(os.getpid())), open('{tmp_path}/seen', 'w'))"
    model = pyfunc("numpy.full(len(model_input), 0.5)", first)
    assert set(model.answer(tumours[0][:4]).values) == {0.5}
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen["COLOUR"] == "red" and not set(secrets) & set(seen)
    assert seen["pid"] != str(os.getpid())


@pytest.mark.parametrize(
    ("answer", "first", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "", "killed by SIGKILL"),
        ("0", "raise KeyError('no such part')", "cannot be loaded: .*no such part"),
        ("[object()] * len(model_input)", "", "answers must hold numbers, texts or dates"),
    ],
)
def test_a_model_that_fails_is_told_of(pyfunc, tumours, answer, first, message):
    # MLflow runs the code once to save it.
    guarded = f"if 'mlflow_prod.foreign.child' in str(__import__('sys').orig_argv):\n    {first or 'pass'}"
    with pytest.raises(ModelError, match=message):
        pyfunc(answer, guarded).answer(tumours[0][:4])


@pytest.mark.parametrize(
    ("answer", "graded"),
    [
        ("['benign'] * len(model_input)", False),
        ("pandas.DataFrame({'prediction': 'benign', 'probability': [1.0] * len(model_input)})", True),
    ],
)
def test_every_shape_comes_through(pyfunc, tumours, answer, graded):
    found = pyfunc(answer).answer(tumours[0][:4])
    assert found.graded == graded
    np.testing.assert_array_equal(found.values, np.ones(4))


def test_images_are_handed_over_as_they_are(pyfunc):
    model = pyfunc("model_input.reshape(len(model_input), -1).mean(axis=1)", task=Task("regression", "grey"))
    pixels = np.arange(24, dtype=np.uint8).reshape(3, 2, 2, 2)
    np.testing.assert_array_equal(model.answer(pixels).values, pixels.mean(axis=(1, 2, 3)))


def test_rows_that_no_file_holds_are_refused(pyfunc, tumours):
    rows = tumours[0][:2].assign(mixed=[1, "one"])
    with pytest.raises(DataError, match=r"rows must hold numbers, texts or dates.*mixed"):
        pyfunc("[0.5, 0.5]").answer(rows)


def test_files_that_have_changed_are_not_loaded(foreign, fitted, tumours):
    model = foreign(mlflow.sklearn.save_model, sk_model=fitted)
    shutil.copy(model.folder / "MLmodel", model.folder / "more")
    with pytest.raises(ModelError, match="changed after they were measured"):
        model.answer(tumours[0])


def test_answers_that_are_there_already_must_be_those_of_the_rows(tumours):
    there = Answered(Task("regression", "y"), Scores(np.zeros(3)))
    assert there.answer(tumours[0][:3]) is there.scores
    with pytest.raises(ModelError, match="answers to 3 rows, asked about 4"):
        there.answer(tumours[0][:4])

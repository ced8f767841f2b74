import json
import os

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.pyfunc.scoring_server import invocations
from pyspark.sql.functions import array

from mlflow_prod import tflite
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.tflite import TFLiteFile, TFLiteModel
from tests.tflite import files

DRAW = np.random.default_rng(0)


@pytest.fixture(scope="module")
def saved(contents, tmp_path_factory):
    """A folder of a bare file for each name; of `strangers`, one without names or signatures."""
    module, texts = files.Arithmetic(), files.Texts()
    both = {"combine": module.combine, "double": module.double}
    made = {
        "network": contents["int8"],
        "stranger": files.without_names(contents["float32"]),
        "combine": files.converted(module, {"combine": module.combine}),
        "both": files.converted(module, both),
        "texts": files.converted(texts, {"same": texts.same}),
    }
    parent = tmp_path_factory.mktemp("files")
    for name, content in made.items():
        tflite.save_model(content, parent / name)
    return parent


@pytest.fixture
def load(saved):
    return lambda name: mlflow.pyfunc.load_model(str(saved / name))


@pytest.fixture(scope="module")
def rows(encoder, applicants):
    return encoder.encode(applicants)[:20]


@pytest.fixture(scope="module")
def expected(contents, rows):
    return {name: TFLiteFile(content).predict(rows)[:, 0] for name, content in contents.items()}


def test_the_flavor_tells_what_the_file_holds(saved, contents):
    entry = Model.load(str(saved / "network")).flavors["tflite"]
    assert entry["contents"]["bytes"] == len(contents["int8"])
    assert entry["contents"]["operators"]["FULLY_CONNECTED"] == 3
    assert entry["contents"]["kernels"] == {"int8": 3}
    assert not (saved / "network" / "encoder.json").exists()


def test_the_run_and_the_recipe_are_told(contents, workplace):
    with mlflow.start_run() as run:
        info = tflite.log_model(contents["int8"], "small", metadata={"recipe": "prune(0.5)+int8"})
    entry = Model.load(info.model_uri).flavors["tflite"]
    assert (entry["source_run"], entry["recipe"]) == (run.info.run_id, "prune(0.5)+int8")


@pytest.mark.parametrize("way", ["path", "text", "bytes", "file"])
def test_a_file_is_saved_from_wherever_it_is(way, contents, tmp_path, rows, expected):
    (tmp_path / "any.tflite").write_bytes(contents["int8"])
    given = {
        "path": tmp_path / "any.tflite",
        "text": str(tmp_path / "any.tflite"),
        "bytes": contents["int8"],
        "file": TFLiteFile(contents["int8"]),
    }[way]
    tflite.save_model(given, tmp_path / "model")
    loaded = tflite.load_model(str(tmp_path / "model"), threads=2)
    assert isinstance(loaded, TFLiteFile)
    assert loaded.threads == 2
    np.testing.assert_allclose(loaded.predict(rows)[:, 0], expected["int8"], atol=1e-6)


@pytest.mark.parametrize("odd", [None, 3, ["a"], np.zeros(3)])
def test_what_is_no_file_is_told(odd, tmp_path):
    with pytest.raises(InvalidParameter, match="model must be a TFLiteModel"):
        tflite.save_model(odd, tmp_path / "model")


@pytest.mark.parametrize("odd", [b"", b"no model", "no/such.tflite", ".", "zero\0byte"])
def test_what_does_not_run_is_not_saved(odd, tmp_path, workplace):
    with pytest.raises(ModelError, match=r"not a TFLite file|cannot be read as a TFLite file"):
        tflite.save_model(odd, tmp_path / "model")
    assert not (tmp_path / "model").exists()
    with mlflow.start_run() as run, pytest.raises(ModelError):
        tflite.log_model(odd, "model")
    assert not mlflow.search_logged_models(
        filter_string=f"source_run_id = '{run.info.run_id}'", output_format="list"
    )


@pytest.mark.parametrize("name, of", [("network", "int8"), ("stranger", "float32")])
def test_arrays_tables_and_columns_of_arrays_are_answered(name, of, load, rows, expected):
    loaded = load(name)
    column = pd.DataFrame({"any": list(rows)})
    for given in (rows, pd.DataFrame(rows), column, pd.DataFrame({"any": [row.tolist() for row in rows]})):
        answers = loaded.predict(given)
        assert answers.shape == (20,)
        np.testing.assert_allclose(answers, expected[of], atol=1e-6)
    with pytest.raises(MlflowException, match="expected dtype float32"):
        loaded.predict(rows.astype("f8"))


def test_without_a_signature_any_numbers_and_names_are_taken(contents, tmp_path, rows, expected):
    tflite.save_model(contents["float32"], tmp_path / "model", signature=False)
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"), model_config={"threads": 2})
    assert loaded.get_raw_model().threads == 2
    name = loaded.get_raw_model().interface().inputs[0].name
    for given in (rows.astype("f8"), pd.DataFrame(rows.astype("f8")), {name: rows}, rows.tolist()):
        np.testing.assert_allclose(loaded.predict(given), expected["float32"], atol=1e-6)
    with pytest.raises(MlflowException, match="takes rows of shape"):
        loaded.predict(rows[:, :2])


def test_several_inputs_and_outputs_go_by_name(load):
    x, y = DRAW.normal(size=(2, 6, 3)).astype("f4")
    loaded = load("combine")
    for given in ({"x": x, "y": y}, pd.DataFrame({"y": list(y), "x": [row.tolist() for row in x]})):
        answers = loaded.predict(given)
        np.testing.assert_allclose(answers["sum"], x + 2 * y, rtol=1e-5)
        np.testing.assert_allclose(answers["product"], x * y, rtol=1e-5)


def test_a_parameter_chooses_the_signature(load):
    x = DRAW.normal(size=(6, 3)).astype("f4")
    loaded = load("both")
    assert set(loaded.predict({"x": x, "y": x})) == {"sum", "product"}
    twice = loaded.predict({"x": x[:, :2]}, params={"signature": "double"})
    np.testing.assert_array_equal(twice, 2 * x[:, :2])
    with pytest.raises(MlflowException, match="signature must be one of the file's"):
        loaded.predict({"x": x}, params={"signature": "treble"})
    with pytest.raises(MlflowException, match="give a column for each, got x, z"):
        loaded.predict(pd.DataFrame({"x": [1.0], "z": [1.0]}))
    with pytest.raises(MlflowException, match="no input 'z'"):
        loaded.predict({"z": x}, params={"signature": "double"})


def served(loaded, payload):
    """What the scoring server answers."""
    answer = invocations(json.dumps(payload), "application/json", loaded, loaded.metadata.get_input_schema())
    assert answer.status == 200
    return json.loads(answer.response)["predictions"]


def test_the_server_answers_what_a_client_sends(load, rows, expected):
    network = load("network")
    for payload in (
        {"inputs": rows.tolist()},
        {"instances": rows.tolist()},
        {"dataframe_split": {"columns": list(range(rows.shape[1])), "data": rows.tolist()}},
    ):
        np.testing.assert_allclose(served(network, payload), expected["int8"], atol=1e-6)
    answers = served(load("combine"), {"inputs": {"x": [[1, 2, 3]], "y": [[1, 1, 1]]}})
    assert answers == {"product": [[1, 2, 3]], "sum": [[3, 4, 5]]}
    choice = {"inputs": {"x": [[1, 2]]}, "params": {"signature": "double"}}
    assert served(load("both"), choice) == [[2, 4]]
    assert served(load("texts"), {"inputs": ["a", "bé"]}) == ["a", "bé"]


@pytest.mark.parametrize("evaluators", ["default", "prod"])
def test_mlflow_evaluates_files_and_models(evaluators, saved, folder, applicants, rows, expected, workplace):
    numbers = pd.DataFrame(rows).assign(y=expected["int8"] + 0.1)
    with mlflow.start_run():
        found = mlflow.models.evaluate(
            str(saved / "network"),
            numbers,
            targets="y",
            model_type="regressor",
            evaluators=evaluators,
            evaluator_config={"log_model_explainability": False},
        ).metrics
    assert found["mean_absolute_error" if evaluators == "default" else "mae"] == pytest.approx(0.1, abs=1e-5)
    people = applicants[:100].assign(repaid=np.resize(["no", "yes"], 100))
    model = tflite.load_model(str(folder))
    assert isinstance(model, TFLiteModel)
    right = model.task.decode(model.predict(people))["prediction"] == people["repaid"]
    loaded = mlflow.pyfunc.load_model(str(folder))
    with mlflow.start_run():
        found = mlflow.models.evaluate(
            # MLflow's own evaluator of classifiers takes no table.
            str(folder) if evaluators == "prod" else lambda some: loaded.predict(some)["prediction"],
            people,
            targets="repaid",
            model_type="classifier",
            evaluators=evaluators,
            evaluator_config={"pos_label": "yes"},
        ).metrics
    assert found["accuracy_score" if evaluators == "default" else "accuracy"] == pytest.approx(right.mean())


def test_spark_asks_files_and_models(saved, folder, spark, rows, expected, applicants, model):
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{saved}/none.db"
    names = [f"c{number}" for number in range(rows.shape[1])]
    table = spark.createDataFrame(pd.DataFrame(rows, columns=names))
    ask = mlflow.pyfunc.spark_udf(spark, str(saved / "network"), env_manager="local", result_type="double")
    found = [row.p for row in table.select(ask(array(*names)).alias("p")).collect()]
    np.testing.assert_allclose(found, expected["int8"], atol=1e-6)
    people = applicants.dropna()[:20]
    ask = mlflow.pyfunc.spark_udf(
        spark, str(folder), env_manager="local", result_type="prediction string, probability double"
    )
    table = spark.createDataFrame(people)
    found = table.select(ask(*people.columns).alias("answer")).select("answer.*").toPandas()
    np.testing.assert_allclose(found["probability"], model.predict(people), atol=1e-6)

import json

import keras
import mlflow
import pytest

from mlflow_prod.data import load as load_data
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.tflite import load_model
from projects.compress import compress
from projects.source import Source


def files_of(run, folder):
    return {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id, folder)}


def newest(name):
    runs = mlflow.search_runs(order_by=["start_time DESC"], output_format="list")
    return next(run for run in runs if run.info.run_name.startswith(name))


def test_the_cost_of_compression_is_evidence(home):
    run = home.run_of("compress")
    assert {"evidence/compression.json", "evidence/latency.json"} <= files_of(run, "evidence")
    assert run.data.metrics["agreement"] > 0.9
    assert run.data.metrics["compression_ratio"] > 1
    card = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/model_card.md")
    assert "agreement" in card
    assert "| latency |" in card


def test_data_and_seed_are_those_the_model_was_trained_on(home):
    names = {given.dataset.digest for given in home.run_of("train").inputs.dataset_inputs}
    assert names == {given.dataset.digest for given in home.run_of("compress").inputs.dataset_inputs}


def test_of_several_recipes_the_smallest_that_loses_little_is_taken(home):
    made = compress(home.made("train").uri, recipes="float16; prune(0.5)+int8", tolerance=0.1, epochs=1)
    parent = newest("compress, best of 2")
    children = mlflow.search_runs(
        filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'", output_format="list"
    )
    assert {run.data.params["recipes"] for run in children} == {"float16", "prune(0.5)+int8"}
    assert {run.info.status for run in children} == {"FINISHED"}
    assert parent.data.tags["model_uri"] == f"models:/{made.model_id}"
    (taken,) = (run for run in children if run.data.tags["model_uri"] == f"models:/{made.model_id}")
    assert parent.data.metrics["gzip_bytes"] == taken.data.metrics["gzip_bytes"]
    assert {"plots/front.png", "tables/recipes.json"} == {
        *files_of(parent, "plots"),
        *files_of(parent, "tables"),
    }
    table = json.loads(mlflow.artifacts.load_text(f"runs:/{parent.info.run_id}/tables/recipes.json"))
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    smallest = min(rows, key=lambda row: row["gzip_bytes"])
    assert smallest["recipe"] == "prune(0.5)+int8"
    assert parent.data.tags["mlflow.note.content"].startswith("prune(0.5)+int8: the smallest of 2 recipes")
    assert [row["recipe"] for row in rows if row["chosen"]] == ["prune(0.5)+int8"]
    assert made.metadata["recipe"] == "prune(0.5)+int8"
    assert all(row["loss_high"] <= 0.1 for row in rows if row["chosen"])


def test_where_every_recipe_loses_too_much_nothing_is_taken(home):
    with pytest.raises(ModelError, match=r"none of 2 recipes is known to lose at most 0 of accuracy"):
        compress(home.made("train").uri, recipes="float16; int8", tolerance=0)
    assert newest("compress, best of 2").info.status == "FAILED"


def test_a_recipe_that_fails_leaves_the_others_be(home, capsys):
    # One kernel has fewer weights than there are to be clusters.
    made = compress(home.made("train").uri, recipes="cluster(64)+int8; int8", tolerance=0.1, epochs=1)
    assert made.metadata["recipe"] == "int8"
    assert "cluster(64)+int8 failed" in capsys.readouterr().out


def test_a_keras_file_of_others_is_made_small(home, tmp_path):
    digits = load_data("digits")
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(digits.train.features / 16, digits.train.target, epochs=20, verbose=0)
    network.save(tmp_path / "network.keras")
    made = compress(str(tmp_path / "network.keras"), Source(data="digits"))
    answers = load_model(made.uri).predict(digits.test.features).argmax(axis=1)
    assert (answers == digits.test.target).mean() > 0.85


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"recipes": "int9"}, "did you mean 'int8'"),
        ({"recipes": " ; "}, "recipes must be a recipe"),
        ({"recipes": "prune(1.0)+int8"}, "sparsity must be between 0 and 1"),
        ({"recipes": "int8; int8_io", "tolerance": -0.1}, "tolerance must be >= 0"),
        ({"calibration_rows": 0}, "calibration_rows must be >= 1"),
        ({"batch_size": -1}, "batch_size must be >= 1"),
        ({"recipes": "prune(0.5)+int8", "epochs": 0}, "epochs must be >= 1"),
    ],
)
def test_parameters_are_checked_before_anything_is_made(home, given, named):
    with pytest.raises(InvalidParameter, match=named):
        compress(home.made("train").uri, **given)


def test_what_is_compressed_is_not_compressed_again(home):
    with pytest.raises(ModelError, match="model_uri must be a Keras model"):
        compress(home.made("compress").uri)


@pytest.mark.parametrize("uri", ["models:/nothing/1", "models:/m-0", "runs:/0/model", "nowhere", ""])
def test_a_model_that_is_not_there_is_named(home, uri):
    with pytest.raises(ModelError, match="model_uri"):
        compress(uri)

import mlflow
import pytest

from mlflow_prod.errors import ModelError
from projects.compress import compress


def test_the_cost_of_compression_is_evidence(home):
    run = home.run_of("compress")
    files = {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id, "evidence")}
    assert {"evidence/compression.json", "evidence/latency.json"} <= files
    assert run.data.metrics["agreement"] > 0.9
    assert run.data.metrics["compression_ratio"] > 1


def test_data_and_seed_are_those_the_model_was_trained_on(home):
    names = {given.dataset.digest for given in home.run_of("train").inputs.dataset_inputs}
    assert names == {given.dataset.digest for given in home.run_of("compress").inputs.dataset_inputs}


def test_what_is_compressed_is_not_compressed_again(home):
    with pytest.raises(ModelError, match="model_uri must be a Keras model"):
        compress(home.made("compress").uri)


@pytest.mark.parametrize("uri", ["models:/nothing/1", "models:/m-0", "runs:/0/model", "nowhere", ""])
def test_a_model_that_is_not_there_is_named(home, uri):
    with pytest.raises(ModelError, match="model_uri"):
        compress(uri)

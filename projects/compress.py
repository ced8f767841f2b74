"""Makes a trained model small: `mlflow run . -e compress -P model_uri=models:/m-...`."""

from typing import Literal

import numpy as np

from mlflow_prod.candidate import finish, load, log_compression
from mlflow_prod.compress import convert
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models import KerasModel
from mlflow_prod.tflite import TFLiteModel
from mlflow_prod.tracking import ModelReference, Run, resolve
from projects.entry_point import entry_point, launch
from projects.result import say_made
from projects.source import Source


@entry_point
def compress(
    run: Run,
    model_uri: str,
    source: Source = Source(),
    method: Literal["float32", "dynamic_range", "float16", "int8"] = "int8",
    calibration_rows: int = 500,
) -> ModelReference:
    """Convert a Keras model to TFLite by post-training quantization and measure what that costs."""
    reference = resolve(model_uri)
    original = load(reference)
    if not isinstance(original, KerasModel):
        raise ModelError(f"model_uri must be a Keras model, got the flavors {', '.join(reference.flavors)}")
    if calibration_rows < 1:
        raise InvalidParameter("calibration_rows", ">= 1", calibration_rows)
    # What the file was made from was perhaps trained with a remedy.
    recipe = ", ".join(filter(None, (str(reference.metadata.get("recipe", "")), method)))
    run.rename(f"compress, {recipe}")
    source = source.or_that_of(reference)
    dataset = source.load_for(reference, original.task)
    run.log_dataset(dataset)
    chosen = np.random.default_rng(source.seed).permutation(len(dataset.train))[:calibration_rows]
    calibration = original.encoder.encode(dataset.train.take(chosen).features)
    small = TFLiteModel(convert(original.network, method, calibration), original.encoder, original.task)
    made = finish(run, small, dataset, source=source.to_dict(), recipe=recipe, seed=source.seed)
    log_compression(run, made, small, original, dataset.test)
    say_made(run, made)
    return made


if __name__ == "__main__":
    launch(compress)

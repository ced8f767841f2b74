"""Makes a trained model small: `mlflow run . -e compress -P model_uri=models:/m-...`."""

from mlflow_prod.candidate import Smaller, is_ours, load, original, read_recipes
from mlflow_prod.errors import InvalidParameter, ModelError
from mlflow_prod.models import KerasModel
from mlflow_prod.tracking import ModelReference, Run, at_path, resolve
from projects.entry_point import entry_point, launch
from projects.network import batch_for
from projects.result import say_made
from projects.source import Source


@entry_point
def compress(
    run: Run,
    model_uri: str,
    source: Source = Source(),
    recipes: str = "int8",
    tolerance: float = 0.01,
    calibration_rows: int = 500,
    epochs: int = 4,
    learning_rate: float = 0.001,
    batch_size: int = 0,
) -> ModelReference:
    """Make a Keras model small by a recipe; of several take the smallest that loses at most `tolerance`.

    A recipe is a converter, after steps that train: prune(0.75)+cluster(16)+qat+int8. `auto` tries ten.
    """
    asked = read_recipes(recipes)
    if not tolerance >= 0:
        raise InvalidParameter("tolerance", ">= 0", tolerance)
    reference = at_path(model_uri) or resolve(model_uri)
    source = source.or_that_of(reference)
    if is_ours(reference):
        model = load(reference)
        if not isinstance(model, KerasModel):
            raise ModelError(
                f"model_uri must be a Keras model, got the flavors {', '.join(reference.flavors)}"
            )
        dataset = source.load_for(reference, model.task)
    else:
        dataset = source.load()
        model = original(reference, dataset)
    run.log_dataset(dataset)
    smaller = Smaller(
        reference,
        model,
        dataset,
        source.to_dict(),
        calibration_rows=calibration_rows,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_for(dataset, batch_size),
        seed=source.seed,
    )
    said: list[str] = []
    if len(asked) == 1:
        made = smaller.make(run, asked[0]).reference
    else:
        run.rename(f"compress, best of {len(asked)} recipes")
        made = smaller.smallest(run, asked, tolerance)
        run.set_tag("model_uri", made.uri)
        known = f"the smallest of {len(asked)} recipes known to lose at most {tolerance:g}"
        said.append(f"{made.metadata['recipe']}: {known}")
    say_made(run, made, *said)
    return made


if __name__ == "__main__":
    launch(compress)

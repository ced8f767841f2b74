"""Trains a student on a teacher's soft answers: `mlflow run . -e distill -P model_uri=models:/m-...`."""

from mlflow_prod.candidate import finish, load, log_compression
from mlflow_prod.distill import distill as train_student
from mlflow_prod.distill import shrink as narrowed
from mlflow_prod.models import KerasModel
from mlflow_prod.tracking import ModelReference, Run, resolve
from projects.entry_point import entry_point, launch
from projects.network import batch_for, network_for
from projects.result import say_made
from projects.source import Source


@entry_point
def distill(
    run: Run,
    model_uri: str,
    source: Source = Source(),
    temperature: float = 4.0,
    alpha: float = 0.5,
    units: str = "128,128",
    shrink: float = 0.25,
    epochs: int = 10,
    batch_size: int = 0,
    patience: int = 3,
) -> ModelReference:
    """Train a student, its layers `shrink` times `units` wide; `alpha` weighs teacher against labels."""
    reference = resolve(model_uri)
    teacher = load(reference)
    source = source.or_that_of(reference)
    dataset = source.load_for(reference, teacher.task)
    run.log_dataset(dataset)
    part, check, encode = dataset.train, dataset.validation, teacher.encoder
    inputs, held_out = encode.encode(part.features), encode.encode(check.features)
    network = network_for(dataset, encode, units=narrowed(units, shrink), seed=source.seed)
    history = train_student(
        teacher.score(inputs),
        network,
        inputs,
        part.target,
        temperature=temperature,
        alpha=alpha,
        validation=(held_out, check.target, teacher.score(held_out)),
        weight=part.weight,
        epochs=epochs,
        batch_size=batch_for(dataset, batch_size),
        patience=patience,
        seed=source.seed,
    )
    run.log_curves(history.curves)
    student = KerasModel(network, encode, dataset.task)
    made = finish(run, student, dataset, source=source.to_dict(), recipe="distill", seed=source.seed)
    log_compression(run, made, student, teacher, dataset.test)
    say_made(run, made)
    return made


if __name__ == "__main__":
    launch(distill)

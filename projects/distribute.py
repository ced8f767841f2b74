"""Trains under a `tf.distribute` strategy: `mlflow run . -e distribute -P strategy=mirrored`."""

from typing import Literal

from mlflow_prod import encoder
from mlflow_prod.candidate import finish
from mlflow_prod.distribute import fit
from mlflow_prod.evidence import Measure
from mlflow_prod.models import KerasModel
from mlflow_prod.tracking import ModelReference, Run
from projects.entry_point import entry_point, launch
from projects.network import batch_for, network_for
from projects.result import say_made
from projects.source import Source


@entry_point
def distribute(
    run: Run,
    source: Source = Source(data="loans"),
    strategy: Literal["one_device", "mirrored"] = "mirrored",
    units: str = "128,128",
    epochs: int = 10,
    batch_size: int = 0,
    patience: int = 3,
) -> ModelReference:
    """Train on all devices of this machine; `batch_size` is that of each replica."""
    dataset = source.load()
    run.log_dataset(dataset)
    part, check = dataset.train, dataset.validation
    encode = encoder.fit(part, dataset.schema)
    trained = fit(
        lambda: network_for(dataset, encode, units=units, seed=source.seed),
        encode.encode(part.features),
        part.target,
        strategy=strategy,
        validation=(encode.encode(check.features), check.target),
        weight=part.weight,
        epochs=epochs,
        batch_size=batch_for(dataset, batch_size),
        patience=patience,
        seed=source.seed,
    )
    run.log_curves(trained.history.curves)
    pace = [
        Measure("replicas", float(trained.replicas)),
        Measure("global_batch", float(trained.global_batch), unit="rows"),
        Measure("rows_per_second", trained.rows_per_second),
        Measure("step_time", 1000 * trained.step_seconds, unit="ms"),
    ]
    run.log_measures(pace)
    print(f"{strategy}: {', '.join(map(str, pace))}")
    model = KerasModel(trained.network, encode, dataset.task)
    made = finish(run, model, dataset, source=source.to_dict(), seed=source.seed)
    say_made(run, made)
    return made


if __name__ == "__main__":
    launch(distribute)
